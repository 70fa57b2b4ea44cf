//! For which variant user data is checked and rendered.

use std::path::Path;

use clap::Args;
use settings_model::Variant;
use settings_render::Declarations;

use crate::failure::Failure;

/// On a node: the variant that it is.
const OF_THIS_NODE: &str = "/usr/share/bottlerocket/variant.toml";

#[derive(rust_embed::RustEmbed)]
#[folder = "../../../conf/variants/"]
#[include = "*.toml"]
struct Embedded;

/// The choice of a variant on the command line.
#[derive(Debug, Args)]
pub struct VariantArgument {
    /// Name of a variant, or path of the TOML file of one [default: that of
    /// this node]
    #[arg(long, value_name = "NAME|FILE")]
    variant: Option<String>,
}

impl VariantArgument {
    /// Reads the variant.
    pub fn read(&self) -> Result<Variant, Failure> {
        match self.variant.as_deref() {
            Some(path) if path.contains('/') || path.ends_with(".toml") => {
                from_file(Path::new(path))
            }
            Some(name) => embedded(name),
            None if Path::new(OF_THIS_NODE).exists() => from_file(Path::new(OF_THIS_NODE)),
            None => Err(Failure::Usage(format!(
                "this is no Bottlerocket node: give --variant, a file or one of {}",
                names().join(", ")
            ))),
        }
    }
}

/// What the image of a variant declares.
pub fn declarations(variant: &Variant) -> Result<Declarations, Failure> {
    Declarations::of(variant).map_err(|e| Failure::new(e.to_string()))
}

fn embedded(name: &str) -> Result<Variant, Failure> {
    let Some(file) = Embedded::get(&format!("{name}.toml")) else {
        let message = format!("there is no variant `{}`", name.escape_debug());
        let hint = format!("give the path of a file, or one of {}", names().join(", "));
        return Err(Failure::new(message).or_hint(Some(hint)));
    };
    parse(name, &String::from_utf8_lossy(&file.data))
}

fn from_file(path: &Path) -> Result<Variant, Failure> {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    parse(&name, &files::read_to_string(path)?)
}

fn parse(name: &str, text: &str) -> Result<Variant, Failure> {
    Variant::parse(name, text).map_err(|e| Failure::new(e.to_string()))
}

fn names() -> Vec<String> {
    let names = Embedded::iter();
    let mut names: Vec<String> = names
        .filter_map(|file| file.strip_suffix(".toml").map(str::to_owned))
        .collect();
    names.sort();
    names
}

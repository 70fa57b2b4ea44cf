//! `render`: the configuration files of a node, without a node.

use std::path::{Path, PathBuf};

use clap::Args;

use super::Result;
use crate::failure::Failure;
use crate::variant::{self, VariantArgument};
use crate::{candidate, output, source};

#[derive(Debug, Args)]
pub struct Render {
    /// User data, as `apply` takes it
    #[arg(value_name = "SOURCE|-", required = true)]
    sources: Vec<String>,

    #[command(flatten)]
    variant: VariantArgument,

    /// Write the files below this folder, with the paths they have on the node
    /// [default: print them]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

/// A file as it would be on the node.
struct Rendered<'a> {
    path: &'a Path,
    mode: u32,
    content: String,
}

impl Render {
    pub fn run(self) -> Result {
        let variant = self.variant.read()?;
        let documents = source::read_documents(&self.sources)?;
        let declarations = variant::declarations(&variant)?;
        let settings = candidate::settings(&variant, &declarations, &documents)?;
        // All are rendered before the first one is written.
        let rendered = declarations
            .metadata()
            .configuration_files
            .iter()
            .map(|(name, file)| {
                let content = declarations
                    .render(&settings, name)
                    .map_err(|e| Failure::new(format!("{}: {e}", file.path.display())))?;
                Ok(Rendered {
                    path: &file.path,
                    mode: file.mode.unwrap_or_default().bits(),
                    content,
                })
            })
            .collect::<Result<Vec<_>>>()?;
        match self.out {
            Some(folder) => rendered.iter().try_for_each(|file| file.write(&folder)),
            None => {
                let texts: Vec<String> = rendered.iter().map(Rendered::with_header).collect();
                output::print(texts.join("\n"))
            }
        }
    }
}

impl Rendered<'_> {
    fn with_header(&self) -> String {
        let end = match self.content.is_empty() || self.content.ends_with('\n') {
            true => "",
            false => "\n",
        };
        let path = self.path.display();
        format!(
            "==> {path} (mode {:04o}) <==\n{}{end}",
            self.mode, self.content
        )
    }

    fn write(&self, folder: &Path) -> Result {
        // Declared paths are absolute and without `..`.
        let below = self.path.strip_prefix("/").unwrap_or(self.path);
        let path = folder.join(below);
        if let Some(parent) = path.parent() {
            files::create_dir_all(parent)?;
        }
        files::replace(&path, self.content.as_bytes(), self.mode)?;
        eprintln!("wrote {}", path.display());
        Ok(())
    }
}

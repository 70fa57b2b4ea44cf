//! Variants: software, modelled settings and disk layout, one file each.

use crate::source::Source;
use anyhow::{Context, Result, bail};
use artefacts::Format;
use disk::Sizes;
use rootfs::Software;
use serde::Deserialize;
use settings_model::Model;
use std::path::PathBuf;

/// A variant, as `conf/variants/NAME.toml` defines it.
#[derive(Debug)]
pub(crate) struct Variant {
    /// Its name.
    pub(crate) name: String,
    /// Its file's text, which images carry: the node's programs read it too.
    pub(crate) text: String,
    /// The list of its executables.
    pub(crate) executables: PathBuf,
    /// Its software sets.
    pub(crate) software: Vec<Software>,
    /// The names of those of them that its file does not name: added for trials.
    pub(crate) added: Vec<String>,
    /// The names of the software sets it does not have.
    pub(crate) left_out: Vec<String>,
    /// The host containers whose images it carries.
    pub(crate) host_containers: Vec<String>,
    /// Kernel parameters of its own.
    pub(crate) kernel_parameters: Vec<String>,
    /// Sizes of the shipped partitions.
    pub(crate) sizes: Sizes,
    /// Size of the disks of virtual machines in GiB.
    pub(crate) machine_gib: u64,
    /// Size of their disks for data in GiB, if those are apart.
    pub(crate) data_gib: Option<u64>,
    /// What is made of its image for platforms.
    pub(crate) artefacts: Vec<Format>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "the node's own reader checks it")
    )]
    platform: String,
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "the node's own reader checks it")
    )]
    settings: Vec<String>,
    software: Vec<String>,
    #[serde(default)]
    host_containers: Vec<String>,
    #[serde(default)]
    kernel_parameters: Vec<String>,
    disk: Disk,
    #[serde(default = "raw")]
    artefacts: Vec<Format>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Disk {
    esp_mib: u64,
    root_mib: u64,
    hash_mib: u64,
    #[serde(default = "machine_gib")]
    machine_gib: u64,
    data_gib: Option<u64>,
}

/// The software set by which data are on another disk than the system's, and the size of
/// that disk where a variant does not say it, in GiB.
const DATA_DISK: &str = "data-disk";
const DATA_GIB: u64 = 20;

fn machine_gib() -> u64 {
    24
}

fn raw() -> Vec<Format> {
    vec![Format::Raw]
}

const ENDING: &str = ".toml";

impl Variant {
    /// The settings that can be made.
    pub(crate) fn model(&self) -> Result<Model> {
        Ok(settings_model::Variant::parse(&self.name, &self.text)?.model)
    }

    /// Reads a variant and the software sets it names. One that ends in `.toml` is the
    /// path of a file elsewhere.
    pub(crate) fn read(source: &Source, name: &str) -> Result<Variant> {
        let path = match name.ends_with(ENDING) {
            true => PathBuf::from(name),
            false => source
                .conf()
                .join("variants")
                .join(format!("{name}{ENDING}")),
        };
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let name = stem.as_ref();
        let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || !name.chars().all(is_letter) {
            bail!("`{name}` is no name of a variant\nhint: lower-case letters, digits and `-`");
        }
        if !path.exists() {
            bail!(
                "there is no variant `{name}`\nhint: one of {}",
                all(source)?.join(", ")
            );
        }
        let text = files::read_to_string(&path)?;
        let table: toml::Table =
            toml::from_str(&text).with_context(|| format!("failed to read {}", path.display()))?;
        if !has_image(&table) {
            bail!(
                "variant `{name}` has settings, and no software to make an image of\nhint: one of {}",
                all(source)?.join(", ")
            );
        }
        let file: File =
            toml::from_str(&text).with_context(|| format!("failed to read {}", path.display()))?;
        // What the node would not start with is no image.
        settings_model::Variant::parse(name, &text)
            .with_context(|| format!("failed to read {}", path.display()))?;
        let data_gib = match file.software.iter().any(|set| set == DATA_DISK) {
            true => Some(file.disk.data_gib.unwrap_or(DATA_GIB)),
            false if file.disk.data_gib.is_some() => bail!(
                "{}: `data-gib` says how large a disk is that the variant does not have\n\
                 hint: the software set `{DATA_DISK}`",
                path.display()
            ),
            false => None,
        };
        let software = file
            .software
            .iter()
            .map(|set| Software::read(&source.conf(), set))
            .collect::<Result<_, _>>()?;
        let mut left_out = names(source, "software")?;
        left_out.retain(|set| !file.software.contains(set));
        Ok(Variant {
            name: name.to_owned(),
            text,
            executables: path.with_extension("executables"),
            software,
            added: Vec::new(),
            left_out,
            host_containers: file.host_containers,
            kernel_parameters: file.kernel_parameters,
            sizes: Sizes {
                esp_mib: file.disk.esp_mib,
                root_mib: file.disk.root_mib,
                hash_mib: file.disk.hash_mib,
            },
            machine_gib: file.disk.machine_gib,
            data_gib,
            artefacts: file.artefacts,
        })
    }

    /// The same with more software sets, for trials.
    pub(crate) fn with(mut self, source: &Source, sets: &[String]) -> Result<Variant> {
        let known = names(source, "software")?;
        for set in sets {
            if !known.contains(set) {
                bail!(
                    "there is no software set `{set}`\nhint: one of {}",
                    known.join(", ")
                );
            }
            // What it has anyway is not added.
            if self.left_out.contains(set) {
                self.left_out.retain(|name| name != set);
                self.software.push(Software::read(&source.conf(), set)?);
                self.added.push(set.clone());
                if set == DATA_DISK {
                    self.data_gib = Some(DATA_GIB);
                }
            }
        }
        Ok(self)
    }

    /// What its artefacts' folder is called.
    pub(crate) fn folder(&self) -> String {
        [&self.name]
            .into_iter()
            .chain(&self.added)
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join("+")
    }
}

/// The names of all variants that there are images of: of others it is only
/// known what can be set there.
pub(crate) fn all(source: &Source) -> Result<Vec<String>> {
    let mut with_image = Vec::new();
    for name in names(source, "variants")? {
        let path = source.conf().join("variants").join(format!("{name}.toml"));
        let table: toml::Table = toml::from_str(&files::read_to_string(&path)?)
            .with_context(|| format!("failed to read {}", path.display()))?;
        if has_image(&table) {
            with_image.push(name);
        }
    }
    Ok(with_image)
}

fn has_image(variant: &toml::Table) -> bool {
    variant.contains_key("software")
}

/// The names of the TOML files in a folder of `conf`.
pub(crate) fn names(source: &Source, folder: &str) -> Result<Vec<String>> {
    let folder = source.conf().join(folder);
    let mut names = Vec::new();
    for entry in files::at("list", &folder, std::fs::read_dir(&folder))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        names.extend(name.strip_suffix(".toml").map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str) -> File {
        let source = Source::find(None, None).unwrap();
        let path = source.conf().join("variants").join(name);
        toml::from_str(&files::read_to_string(&path).unwrap()).unwrap()
    }

    #[test]
    fn the_floor_differs_from_what_is_measured_in_its_software_only() {
        let (floor, measured) = (file("floor.toml"), file("metal-dev.toml"));
        assert_eq!(floor.kernel_parameters, measured.kernel_parameters);
        assert_eq!(floor.disk, measured.disk);
        assert_eq!(floor.platform, measured.platform);
        assert_eq!(floor.settings, measured.settings);
    }

    #[test]
    fn an_unknown_variant_is_answered_with_the_known_ones() {
        let source = Source::find(None, None).unwrap();
        for (name, reason) in [
            ("metal-prod", "there is no variant `metal-prod`\n"),
            ("/absent/own.toml", "there is no variant `own`\n"),
        ] {
            let message = Variant::read(&source, name).unwrap_err().to_string();
            assert!(message.starts_with(reason), "{message}");
            assert!(
                message.contains("\nhint: one of aws-dev, aws-ecs, aws-k8s, floor, metal-dev, "),
                "{message}"
            );
        }
        for name in ["", "Metal", "a b", "x/.toml"] {
            let message = Variant::read(&source, name).unwrap_err().to_string();
            assert!(message.contains("is no name of a variant"), "{message}");
        }
    }

    #[test]
    fn a_variant_may_lie_elsewhere() {
        let source = Source::find(None, None).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("own-1.toml");
        let text = files::read_to_string(&source.conf().join("variants/metal-k8s.toml"));
        files::write(&path, text.unwrap()).unwrap();
        let variant = Variant::read(&source, &path.to_string_lossy()).unwrap();
        assert_eq!(variant.name, "own-1");
        assert_eq!(variant.executables, folder.path().join("own-1.executables"));
    }

    #[test]
    fn a_disk_for_data_has_a_size() {
        let source = Source::find(None, None).unwrap();
        let good = files::read_to_string(&source.conf().join("variants/vmware-dev.toml")).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("own.toml");
        let set = "software = [";
        let with_set = good.replacen(set, &format!("{set}\n    \"{DATA_DISK}\","), 1);
        for (text, expected) in [
            (good.clone(), None),
            (with_set.clone(), Some(DATA_GIB)),
            (
                with_set.replacen("[disk]", "[disk]\ndata-gib = 500", 1),
                Some(500),
            ),
        ] {
            files::write(&path, text).unwrap();
            let variant = Variant::read(&source, &path.to_string_lossy()).unwrap();
            assert_eq!(variant.data_gib, expected);
        }
    }

    #[test]
    fn sets_are_added_once() {
        let source = Source::find(None, None).unwrap();
        let add =
            |name: &str, set: &str| Variant::read(&source, name)?.with(&source, &[set.to_owned()]);
        let node = add("metal-k8s", "development").unwrap();
        assert_eq!(node.folder(), "metal-k8s+development");
        assert!(!node.left_out.contains(&"development".to_owned()));
        assert_eq!(
            add("metal-dev", "development").unwrap().folder(),
            "metal-dev"
        );
        let error = add("metal-dev", "devel").unwrap_err().to_string();
        assert!(
            error.starts_with("there is no software set `devel`\nhint: one of aws, base, "),
            "{error}"
        );
    }

    #[test]
    fn a_variant_that_a_node_would_refuse_is_refused() {
        let good = Source::find(None, None).unwrap().conf();
        let good = files::read_to_string(&good.join("variants/metal-dev.toml")).unwrap();
        let tree = tempfile::tempdir().unwrap();
        let variants = tree.path().join("conf/variants");
        files::create_dir_all(&variants).unwrap();
        let source = Source::find(Some(tree.path()), None).unwrap();
        for (was, is, expected) in [
            ("\"motd\"", "\"modt\"", "settings.modt: unknown field"),
            ("\"metal\"", "\"moon\"", "unknown variant `moon`"),
            (
                "software =",
                "#",
                "variant `x` has settings, and no software ",
            ),
            (
                "[disk]",
                "[disk]\ndata-gib = 9",
                "hint: the software set `data-disk`",
            ),
        ] {
            files::write(&variants.join("x.toml"), good.replacen(was, is, 1)).unwrap();
            let error = Variant::read(&source, "x").unwrap_err();
            let message = format!("{error:#}");
            assert!(message.contains(expected), "{message}");
        }
    }
}

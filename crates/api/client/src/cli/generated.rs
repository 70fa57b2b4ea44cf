//! Shell completions and manual pages, made from the command line and kept in
//! `generated/`. `UPDATE_GOLDEN=1` writes them; read the difference before
//! committing it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;

use super::Cli;

/// Content by path below `generated/`.
fn files() -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for (shell, name) in [
        (Shell::Bash, "apiclient.bash"),
        (Shell::Zsh, "_apiclient"),
        (Shell::Fish, "apiclient.fish"),
    ] {
        let mut text = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), "apiclient", &mut text);
        files.insert(format!("completions/{name}"), text);
    }
    let folder = tempfile::tempdir().unwrap();
    clap_mangen::generate_to(Cli::command(), folder.path()).unwrap();
    for page in fs::read_dir(folder.path()).unwrap() {
        let page = page.unwrap();
        let name = page.file_name().into_string().unwrap();
        files.insert(format!("man/{name}"), fs::read(page.path()).unwrap());
    }
    files
}

#[test]
fn completions_and_manual_pages_are_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("generated");
    let files = files();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let _ = fs::remove_dir_all(&root);
        for (name, content) in &files {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
    }
    for folder in ["completions", "man"] {
        for file in fs::read_dir(root.join(folder)).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            let name = format!("{folder}/{name}");
            assert!(files.contains_key(&name), "{name} is left over");
        }
    }
    for (name, content) in &files {
        let found = fs::read(root.join(name)).unwrap_or_default();
        assert!(
            *content == found,
            "generated/{name} is out of date: UPDATE_GOLDEN=1 cargo test -p apiclient"
        );
    }
}

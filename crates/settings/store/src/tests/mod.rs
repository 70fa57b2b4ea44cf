//! The store as a whole: what it promises, and that it keeps it when the disk
//! does not do as it is told.

mod carry_over;
mod crash;
mod damage;
mod model;
mod promises;
mod unset;

use std::path::Path;

use serde_json::{Value, json};
use settings_model::{Key, Model};

use crate::{Image, Layer, Store, TransactionName};

const VERSION: &str = "1.0.0";

fn defaults() -> Value {
    json!({"motd": "default", "ntp": {"time-servers": ["pool.example.com"]}})
}

fn image() -> Image {
    Image::new(Model::complete(), defaults())
}

fn open(base: &Path) -> Store {
    Store::open(base, VERSION, image()).expect("the store opens")
}

fn name(text: &str) -> TransactionName {
    text.parse().expect("a transaction's name")
}

fn key(text: &str) -> Key {
    text.parse().expect("a key")
}

/// Stages and commits a change in the API's layer.
fn set(store: &mut Store, changes: Value) {
    let transaction = name("test");
    store
        .stage(&transaction, Layer::Api, &changes, "a test")
        .expect("staged");
    store.commit(&transaction, "a test").expect("committed");
}

fn motd(store: &Store) -> String {
    store.effective()["motd"]
        .as_str()
        .expect("motd is a string")
        .to_owned()
}

/// The names in a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = crate::disk::names(folder)
        .expect("the folder can be read")
        .into_iter()
        .map(|name| name.into_string().expect("names are UTF-8"))
        .collect();
    names.sort();
    names
}

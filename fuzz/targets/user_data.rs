//! Any user data is a document or refused, and what is refused is explained at
//! a place within it.

#![no_main]

use std::sync::LazyLock;

use apiclient::user_data::Document;
use libfuzzer_sys::fuzz_target;
use settings_model::Model;

static MODEL: LazyLock<Model> = LazyLock::new(Model::complete);

fuzz_target!(|bytes: &[u8]| {
    let document = match Document::parse("fuzz", bytes) {
        Ok(document) => document,
        Err(error) => return explained(&error.to_string()),
    };
    match MODEL.normalise(document.settings()) {
        Ok(normal) => assert_eq!(MODEL.normalise(&normal).as_ref(), Ok(&normal)),
        Err(error) => explained(&document.fault(error.to_string()).to_string()),
    }
});

/// No message can write to a terminal what the document says.
fn explained(message: &str) {
    assert!(!message.is_empty());
    assert!(!message.contains('\x1b'), "{message:?}");
}

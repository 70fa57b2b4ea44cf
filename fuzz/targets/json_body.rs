//! Any body of a request is a tree of settings or refused; what is accepted is
//! accepted again in the form in which it is stored.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use settings_model::{Model, json, tree};

static MODEL: LazyLock<Model> = LazyLock::new(Model::complete);

fuzz_target!(|bytes: &[u8]| {
    let Ok(body) = json::parse(bytes) else { return };
    let Ok(normal) = MODEL.normalise(&body) else {
        return;
    };
    assert_eq!(MODEL.normalise(&normal).as_ref(), Ok(&normal));
    if let Ok(leaves) = tree::flatten(&normal) {
        assert_eq!(tree::nest(&leaves), normal);
    }
    let _ = MODEL.broken_rules(&normal);
});

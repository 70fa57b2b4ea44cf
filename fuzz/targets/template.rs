//! Any text is a template or refused; and any settings that the model accepts
//! are rendered into the files of the image or refused, line by line.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use settings_model::{Model, json};
use settings_render::{Declarations, render_str};

static MODEL: LazyLock<Model> = LazyLock::new(Model::complete);
static DECLARATIONS: LazyLock<Declarations> = LazyLock::new(Declarations::complete);

fuzz_target!(|bytes: &[u8]| {
    match json::parse(bytes) {
        Ok(body) => {
            let Ok(settings) = MODEL.normalise(&body) else {
                return;
            };
            for name in DECLARATIONS.metadata().configuration_files.keys() {
                let _ = DECLARATIONS.render(&settings, name);
            }
        }
        Err(_) => {
            let source = String::from_utf8_lossy(bytes);
            let _ = render_str(DECLARATIONS.defaults(), "fuzz", &source);
        }
    }
});

//! Any query of a request is read or refused, and keys are what they are
//! written as.

#![no_main]

use libfuzzer_sys::fuzz_target;
use settings_model::Key;

fuzz_target!(|query: &str| {
    api_server::read_query(query);
    for key in Key::parse_list(query).into_iter().flatten() {
        assert_eq!(key.to_string().parse().as_ref(), Ok(&key));
        assert_eq!(Key::parse_prefixed(&key.with_prefix()).as_ref(), Ok(&key));
    }
});

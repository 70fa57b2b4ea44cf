//! Taking secrets out: rather too much than too little.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex_lite::Regex;
use serde_json::Value;

const REDACTED: &str = "<redacted>";

/// Settings that are secret whatever they are, or hold secrets of others.
const SECRET_KEYS: &[&str] = &[
    "auth",
    "bootstrap-token",
    "config",
    "credentials",
    "https-proxy",
    "identitytoken",
    "password",
    "server-key",
    "user-data",
];

/// What a secret looks like in a line.
struct Pattern {
    /// One of these is in each such line, in lower case: most lines need no closer look.
    needles: &'static [&'static str],
    regex: Regex,
    /// What is put in place of it.
    with: &'static str,
}

static PATTERNS: LazyLock<Vec<Pattern>> = LazyLock::new(|| {
    type Row = (&'static [&'static str], &'static str, &'static str);
    let table: [Row; 6] = [
        // A name that says so, and what follows it.
        (
            &[
                "pass",
                "secret",
                "token",
                "credential",
                "key",
                "user",
                "auth",
            ],
            r#"(?i)((?:password|passwd|secret|token|credentials?|private[-_]?key|server[-_]key|access[-_]?key(?:[-_]?id)?|user[-_]data|identitytoken|auth)["']?\s*[:=]\s*)(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^\s,;"']+)"#,
            "${1}<redacted>",
        ),
        (
            &["bearer", "basic"],
            r"(?i)\b(bearer|basic)\s+[A-Za-z0-9+/=._~-]{8,}",
            "${1} <redacted>",
        ),
        // User and password in a URL.
        (&["://"], r"://[^/\s@]+@", "://<redacted>@"),
        // Keys of AWS, tokens that nodes join a cluster with, JSON Web Tokens.
        (
            &["akia", "asia"],
            r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
            REDACTED,
        ),
        (&["."], r"\b[a-z0-9]{6}\.[a-z0-9]{16}\b", REDACTED),
        (
            &["eyj"],
            r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*",
            REDACTED,
        ),
    ];
    let compile = |(needles, pattern, with): Row| {
        let regex = Regex::new(pattern).ok()?;
        Some(Pattern {
            needles,
            regex,
            with,
        })
    };
    table.into_iter().filter_map(compile).collect()
});

/// Text without secrets, line by line; of private keys (RFC 7468) nothing is left.
pub(crate) fn text(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut in_key = false;
    for line in text.split_inclusive('\n') {
        if line.contains("-----BEGIN ") && line.contains("PRIVATE KEY") {
            in_key = true;
            clean += REDACTED;
            clean.push('\n');
        }
        if in_key {
            in_key = !line.contains("-----END ");
            continue;
        }
        let lower = line.to_ascii_lowercase();
        let mut line = Cow::Borrowed(line);
        for Pattern {
            needles,
            regex,
            with,
        } in PATTERNS.iter()
        {
            if needles.iter().any(|needle| lower.contains(needle)) && regex.is_match(&line) {
                line = regex.replace_all(&line, *with).into_owned().into();
            }
        }
        clean += &line;
    }
    clean
}

/// Settings without those that are secret.
pub(crate) fn document(document: &mut Value) {
    match document {
        Value::Object(members) => {
            for (name, value) in members {
                let last = name.rsplit('.').next().unwrap_or(name);
                if !SECRET_KEYS.contains(&last) {
                    self::document(value);
                } else if let Some(set) = value.get_mut("value") {
                    // A whole key, with where its value is from.
                    *set = REDACTED.into();
                } else if value.is_object() {
                    // A group: what is secret in it has such a name itself.
                    self::document(value);
                } else {
                    *value = REDACTED.into();
                }
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(self::document),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn all_patterns_are_patterns() {
        assert_eq!(PATTERNS.len(), 6);
    }

    #[test]
    fn secrets_are_taken_out_and_the_rest_stays() {
        let table = [
            ("nothing of interest\n", "nothing of interest\n"),
            ("password=hunter2 user=a\n", "password=<redacted> user=a\n"),
            (
                r#"{"password": "a \" b", "x": 1}"#,
                r#"{"password": <redacted>, "x": 1}"#,
            ),
            ("PASSWORD: 'a b'", "PASSWORD: <redacted>"),
            (
                "Authorization: Bearer abcdefgh12345",
                "Authorization: Bearer <redacted>",
            ),
            (
                "http://user:pass@proxy.example:3128/",
                "http://<redacted>@proxy.example:3128/",
            ),
            ("http://proxy.example/a@b", "http://proxy.example/a@b"),
            ("key AKIAIOSFODNN7EXAMPLE.", "key <redacted>."),
            (
                "joins with abcdef.0123456789abcdef",
                "joins with <redacted>",
            ),
            (
                "jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc_-",
                "jwt <redacted>",
            ),
            (
                "a\n-----BEGIN EC PRIVATE KEY-----\nMHcCAQ\n-----END EC PRIVATE KEY-----\nb\n",
                "a\n<redacted>\nb\n",
            ),
            (
                "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
                "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
            ),
            // A key that breaks off.
            ("-----BEGIN PRIVATE KEY-----\nMHcCAQ\n", "<redacted>\n"),
        ];
        for (dirty, clean) in table {
            assert_eq!(text(dirty), clean);
        }
    }

    #[test]
    fn secret_settings_are_taken_out() {
        let mut settings = json!({
            "motd": "hi",
            "host-containers": {"admin": {"enabled": true, "user-data": "c2VjcmV0"}},
            "container-registry": {"credentials": [{"registry": "a", "password": "b"}]},
            "kubernetes": {"bootstrap-token": "t", "credential-providers": {"x": {"enabled": true}}},
            "aws": {"credentials": "Y3JlZHM=", "region": "here"},
        });
        document(&mut settings);
        assert_eq!(
            settings,
            json!({
                "motd": "hi",
                "host-containers": {"admin": {"enabled": true, "user-data": REDACTED}},
                "container-registry": {"credentials": REDACTED},
                "kubernetes": {
                    "bootstrap-token": REDACTED,
                    "credential-providers": {"x": {"enabled": true}},
                },
                "aws": {"credentials": REDACTED, "region": "here"},
            })
        );
    }

    #[test]
    fn secret_settings_are_taken_out_where_keys_are_whole() {
        let mut settings = json!({
            "settings.motd": {"value": "hi", "layer": "api"},
            "settings.host-containers.admin.user-data": {
                "value": "c2VjcmV0", "layer": "api",
                "covers": ["user-data"],
            },
            "settings.container-registry.credentials": {"value": [{"password": "b"}]},
        });
        document(&mut settings);
        assert_eq!(
            settings,
            json!({
                "settings.motd": {"value": "hi", "layer": "api"},
                "settings.host-containers.admin.user-data": {
                    "value": REDACTED, "layer": "api",
                    "covers": ["user-data"],
                },
                "settings.container-registry.credentials": {"value": REDACTED},
            })
        );
    }

    proptest! {
        #[test]
        fn whatever_comes_is_survived_and_scrubbing_again_changes_nothing(dirty in ".*") {
            let clean = text(&dirty);
            prop_assert_eq!(text(&clean), clean.clone());
        }

        #[test]
        fn a_password_never_shows(
            before in "[a-z ]{0,10}",
            quote in "[\"']?",
            secret in "[A-Za-z0-9]{12,30}",
        ) {
            let line = format!("{before} password = {quote}{secret}{quote} rest");
            prop_assert!(!text(&line).contains(&secret));
        }
    }
}

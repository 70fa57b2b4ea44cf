//! Names of settings and groups of them, as migrations name them.

/// A setting with all that lies below it: names with dots between them, of
/// which each may be `*` for any one name. Names are compared as they are
/// written, which is unambiguous: a name stands between quotes only if it must.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pattern(Vec<String>);

impl Pattern {
    pub fn new(text: &str) -> Pattern {
        Pattern(split(text).into_iter().map(str::to_owned).collect())
    }

    /// How many names in it are any.
    pub fn wildcards(&self) -> usize {
        self.0.iter().filter(|name| *name == "*").count()
    }

    /// Whether a key is named, or lies below what is named.
    pub fn covers(&self, key: &str) -> bool {
        self.take_apart(key).is_some()
    }

    /// The key with the names of this pattern replaced by those of another,
    /// whose wildcards stand for what ours stand for. `None` if the key is not
    /// covered.
    pub fn replace(&self, key: &str, with: &Pattern) -> Option<String> {
        let (any, rest) = self.take_apart(key)?;
        let mut any = any.into_iter();
        let names = with.0.iter().map(|name| match name.as_str() {
            "*" => any.next().unwrap_or("*"),
            name => name,
        });
        Some(names.chain(rest).collect::<Vec<_>>().join("."))
    }

    /// What the wildcards stand for, and the names below.
    fn take_apart<'a>(&self, key: &'a str) -> Option<(Vec<&'a str>, Vec<&'a str>)> {
        let mut names = split(key).into_iter();
        let mut any = Vec::new();
        for expected in &self.0 {
            let name = names.next()?;
            match expected.as_str() {
                "*" => any.push(name),
                expected if expected != name => return None,
                _ => {}
            }
        }
        Some((any, names.collect()))
    }
}

/// Splits at dots that are not between double quotes, where a backslash makes
/// the next character an ordinary one.
fn split(key: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let (mut start, mut quoted, mut escaped) = (0, false, false);
    for (at, c) in key.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '.' if !quoted => {
                names.push(&key[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    names.push(&key[start..]);
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_at_dots_outside_quotes() {
        let cases: &[(&str, &[&str])] = &[
            ("motd", &["motd"]),
            ("a.b", &["a", "b"]),
            (r#"a."b.c".d"#, &["a", r#""b.c""#, "d"]),
            (r#"a."b\".c""#, &["a", r#""b\".c""#]),
            (r#"a."b\\".c"#, &["a", r#""b\\""#, "c"]),
            // What no store writes must not panic.
            ("", &[""]),
            (".", &["", ""]),
            (r#"a."b.c"#, &["a", r#""b.c"#]),
            ("é.ü", &["é", "ü"]),
        ];
        for (key, names) in cases {
            assert_eq!(split(key), *names, "{key}");
        }
    }

    #[test]
    fn keys_are_covered_and_renamed() {
        let cases = [
            ("motd", "message", "motd", Some("message")),
            ("motd", "message", "motd.below", Some("message.below")),
            ("motd", "message", "motds", None),
            ("boot.kernel", "boot.parameters", "boot", None),
            (
                "boot.kernel",
                "boot.parameters",
                r#"boot.kernel."a.b""#,
                Some(r#"boot.parameters."a.b""#),
            ),
            ("c.*.old", "c.*.new", "c.admin.old", Some("c.admin.new")),
            ("c.*.old", "c.*.new", r#"c."*".old"#, Some(r#"c."*".new"#)),
            ("c.*.old", "c.*.new", "c.admin.other", None),
            ("a.*.*", "b.*.c.*", "a.x.y.z", Some("b.x.c.y.z")),
        ];
        for (from, to, key, expected) in cases {
            let (from, to) = (Pattern::new(from), Pattern::new(to));
            assert_eq!(from.replace(key, &to).as_deref(), expected, "{key}");
            assert_eq!(from.covers(key), expected.is_some(), "{key}");
            if let Some(renamed) = expected {
                assert_eq!(to.replace(renamed, &from).as_deref(), Some(key));
            }
        }
    }
}

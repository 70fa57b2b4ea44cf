//! Names that people give to things.

use super::text_type;

fn is_name(text: &str, others: &[u8]) -> bool {
    text.bytes()
        .all(|b| b.is_ascii_alphanumeric() || others.contains(&b))
}

text_type! {
    /// A name for something that is set up: 1 to 76 letters, digits, `-` and
    /// `_`. It becomes part of names of files, services and containers.
    Identifier, "identifier", |text| {
        if text.is_empty() || text.len() > 76 {
            return Err("it must have 1 to 76 characters");
        }
        if !is_name(text, b"-_") {
            return Err("it must consist of letters, digits, `-` and `_`");
        }
        Ok(())
    },
    "pattern" = "^[A-Za-z0-9_-]{1,76}$"
}

text_type! {
    /// The name of a kernel module: 1 to 56 letters, digits, `-` and `_`. The
    /// kernel takes `-` and `_` for the same.
    ModuleName, "module name", |text| {
        if text.is_empty() || text.len() > 56 {
            return Err("it must have 1 to 56 characters");
        }
        if !is_name(text, b"-_") {
            return Err("it must consist of letters, digits, `-` and `_`");
        }
        Ok(())
    },
    "pattern" = "^[A-Za-z0-9_-]{1,56}$"
}

text_type! {
    /// The name of an attribute of an ECS container instance: 1 to 128 letters,
    /// digits, `.`, `_`, `-` and `/`.
    EcsAttribute, "ECS attribute name", |text| {
        if text.is_empty() || text.len() > 128 {
            return Err("it must have 1 to 128 characters");
        }
        if !is_name(text, b"._-/") {
            return Err("it must consist of letters, digits, `.`, `_`, `-` and `/`");
        }
        Ok(())
    },
    "pattern" = "^[A-Za-z0-9._/-]{1,128}$"
}

text_type! {
    /// The value of an attribute of an ECS container instance: 1 to 128 letters,
    /// digits, spaces and `.`, `_`, `-`, `/`, `\`, `@`, `:`, without a space at
    /// either end.
    EcsAttributeValue, "ECS attribute value", |text| {
        if text.is_empty() || text.len() > 128 {
            return Err("it must have 1 to 128 characters");
        }
        if !is_name(text, b"._-/\\@: ") {
            return Err("it must consist of letters, digits, spaces, `.`, `_`, `-`, `/`, `\\`, `@` and `:`");
        }
        if text.starts_with(' ') || text.ends_with(' ') {
            return Err("it must not start or end with a space");
        }
        Ok(())
    },
    "minLength" = 1, "maxLength" = 128
}

#[cfg(test)]
mod tests {
    use super::super::tests::table;
    use super::*;

    #[test]
    fn identifiers() {
        let length = "it must have 1 to 76 characters";
        let characters = "it must consist of letters, digits, `-` and `_`";
        table::<Identifier>(
            &["admin", "my_container-2", "--------", &"X".repeat(76)],
            &[
                ("", length),
                (&"X".repeat(77), length),
                ("../", characters),
                ("a b", characters),
                ("a\n", characters),
                ("a.b", characters),
                ("タール", characters),
            ],
        );
    }

    #[test]
    fn modules() {
        let length = "it must have 1 to 56 characters";
        let characters = "it must consist of letters, digits, `-` and `_`";
        table::<ModuleName>(
            &["i8042", "xt_XT", "blowfish-x86_64", &"a".repeat(56)],
            &[
                ("", length),
                (&"a".repeat(57), length),
                ("a.ko", characters),
                ("a/b", characters),
                ("a\n", characters),
            ],
        );
    }

    #[test]
    fn attributes() {
        let length = "it must have 1 to 128 characters";
        table::<EcsAttribute>(
            &["a", "com.example/x-y_z", &"a".repeat(128)],
            &[
                ("", length),
                (&"a".repeat(129), length),
                (
                    "a b",
                    "it must consist of letters, digits, `.`, `_`, `-` and `/`",
                ),
            ],
        );
        let ends = "it must not start or end with a space";
        table::<EcsAttributeValue>(
            &["a", r"C:\x @ y", &"a".repeat(128)],
            &[
                ("", length),
                (&"a".repeat(129), length),
                (" a", ends),
                ("a ", ends),
                (
                    "a\tb",
                    "it must consist of letters, digits, spaces, `.`, `_`, `-`, `/`, `\\`, `@` and `:`",
                ),
            ],
        );
    }
}

//! Names and values of Kubernetes' API, as its validation has them.

use super::text_type;

/// At most 63 characters, letters and digits at both ends, `-`, `_` and `.`
/// between them: the name in a label key, and a label value that is not empty.
fn check_name(text: &str) -> Result<(), &'static str> {
    if text.is_empty() || text.len() > 63 {
        return Err("it must have 1 to 63 characters");
    }
    if !text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    {
        return Err("it must consist of letters, digits, `-`, `_` and `.`");
    }
    let ends_well = |c: char| c.is_ascii_alphanumeric();
    if !text.starts_with(ends_well) || !text.ends_with(ends_well) {
        return Err("it must start and end with a letter or a digit");
    }
    Ok(())
}

fn check_prefix(prefix: &str) -> Result<(), &'static str> {
    let is_edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if prefix.is_empty() || prefix.len() > 253 {
        return Err("its prefix must have 1 to 253 characters");
    }
    let is_label = |label: &str| {
        label.starts_with(is_edge)
            && label.ends_with(is_edge)
            && label.chars().all(|c| is_edge(c) || c == '-')
    };
    if !prefix.split('.').all(is_label) {
        return Err("its prefix must be a domain in lower case");
    }
    Ok(())
}

text_type! {
    /// The key of a label or taint: a name of 1 to 63 letters, digits, `-`, `_`
    /// and `.`, with a letter or digit at both ends; before it perhaps a domain
    /// of up to 253 characters and a `/`.
    LabelKey, "label key", |key| match key.split_once('/') {
        Some((prefix, name)) => check_prefix(prefix).and_then(|()| check_name(name)),
        None => check_name(key),
    },
    "pattern" = r"^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$"
}

text_type! {
    /// The value of a label: empty, or 1 to 63 letters, digits, `-`, `_` and `.`
    /// with a letter or digit at both ends.
    LabelValue, "label value", |value| match value {
        "" => Ok(()),
        value => check_name(value),
    },
    "pattern" = "^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$"
}

text_type! {
    /// The value and the effect of a taint, with a colon between them, such as
    /// `true:NoSchedule`. The value is that of a label and may be empty; the
    /// effect is `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
    Taint, "taint", |taint| {
        let (value, effect) = taint
            .split_once(':')
            .ok_or("it must be a value and an effect, such as `true:NoSchedule`")?;
        if !value.is_empty() {
            check_name(value)?;
        }
        if !matches!(effect, "NoSchedule" | "PreferNoSchedule" | "NoExecute") {
            return Err("its effect must be `NoSchedule`, `PreferNoSchedule` or `NoExecute`");
        }
        Ok(())
    },
    "pattern" = "^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?:(NoSchedule|PreferNoSchedule|NoExecute)$"
}

text_type! {
    /// The name of a cluster: 1 to 100 letters, digits, `-`, `_` and `.`, the
    /// first a letter or digit.
    ClusterName, "cluster name", |name| {
        if name.is_empty() || name.len() > 100 {
            return Err("it must have 1 to 100 characters");
        }
        if !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) {
            return Err("it must consist of letters, digits, `-`, `_` and `.`");
        }
        if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            return Err("it must start with a letter or a digit");
        }
        Ok(())
    },
    "pattern" = "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
}

text_type! {
    /// A bootstrap token: its public id of 6 and its secret of 16 lower-case
    /// letters and digits, with a dot between them.
    BootstrapToken, "bootstrap token", |token| {
        let is_part = |part: &str, length: usize| {
            part.len() == length && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        match token.split_once('.') {
            Some((id, secret)) if is_part(id, 6) && is_part(secret, 16) => Ok(()),
            _ => Err("it must be 6 and 16 lower-case letters or digits with a dot between them"),
        }
    },
    "pattern" = r"^[a-z0-9]{6}\.[a-z0-9]{16}$"
}

text_type! {
    /// A set of processors as in cpuset(7): numbers and ranges with commas
    /// between them, such as `0,3-5,8`.
    CpuSet, "set of processors", |set| {
        for part in set.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            match (number(first), number(last)) {
                (Some(first), Some(last)) if first <= last => {}
                (Some(_), Some(_)) => return Err("a range in it must not end before it starts"),
                _ => return Err("it must consist of numbers and ranges, such as `0,3-5,8`"),
            }
        }
        Ok(())
    },
    "pattern" = "^[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*$"
}

text_type! {
    /// The number of a NUMA node.
    NumaNode, "NUMA node", |node| match number(node) {
        Some(_) => Ok(()),
        None => Err("it must be a number"),
    },
    "pattern" = "^[0-9]+$"
}

fn number(text: &str) -> Option<u16> {
    let is_plain = text.bytes().all(|b| b.is_ascii_digit());
    is_plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::super::tests::table;
    use super::*;

    const LENGTH: &str = "it must have 1 to 63 characters";
    const CHARACTERS: &str = "it must consist of letters, digits, `-`, `_` and `.`";
    const ENDS: &str = "it must start and end with a letter or a digit";

    #[test]
    fn label_keys() {
        let longest = format!("{}/{}", vec!["a".repeat(63); 3].join("."), "N".repeat(63));
        let long_prefix = format!("{}/a", "a".repeat(254));
        table::<LabelKey>(
            &["no-prefix", "example.com/Some_name.x", "a/b", &longest],
            &[
                ("", LENGTH),
                (&"a".repeat(64), LENGTH),
                ("a/", LENGTH),
                ("a b", CHARACTERS),
                ("a/b/c", CHARACTERS),
                (".bad", ENDS),
                ("bad.", ENDS),
                ("/a", "its prefix must have 1 to 253 characters"),
                (&long_prefix, "its prefix must have 1 to 253 characters"),
                ("Example.com/a", "its prefix must be a domain in lower case"),
                ("a..b/a", "its prefix must be a domain in lower case"),
                ("a-/a", "its prefix must be a domain in lower case"),
            ],
        );
    }

    #[test]
    fn label_values() {
        table::<LabelValue>(
            &["", "a", "more-chars_here.Now", &"a".repeat(63)],
            &[
                (&"a".repeat(64), LENGTH),
                ("a b", CHARACTERS),
                ("a/b", CHARACTERS),
                ("-a", ENDS),
                ("a\n", CHARACTERS),
            ],
        );
    }

    #[test]
    fn taints() {
        let effect = "its effect must be `NoSchedule`, `PreferNoSchedule` or `NoExecute`";
        table::<Taint>(
            &["true:NoSchedule", ":NoExecute", "a-b:PreferNoSchedule"],
            &[
                (
                    "",
                    "it must be a value and an effect, such as `true:NoSchedule`",
                ),
                (
                    "NoSchedule",
                    "it must be a value and an effect, such as `true:NoSchedule`",
                ),
                (":", effect),
                ("a:noschedule", effect),
                ("a:NoSchedule:", effect),
                ("-a:NoSchedule", ENDS),
                ("a b:NoSchedule", CHARACTERS),
            ],
        );
    }

    #[test]
    fn cluster_names() {
        let length = "it must have 1 to 100 characters";
        table::<ClusterName>(
            &["a", "my-cluster_1.x", "trailing-", &"a".repeat(100)],
            &[
                ("", length),
                (&"a".repeat(101), length),
                ("very bad", CHARACTERS),
                ("-a", "it must start with a letter or a digit"),
            ],
        );
    }

    #[test]
    fn bootstrap_tokens() {
        let form = "it must be 6 and 16 lower-case letters or digits with a dot between them";
        table::<BootstrapToken>(
            &["abcdef.0123456789abcdef"],
            &[
                ("", form),
                ("secret", form),
                ("ABCDEF.0123456789abcdef", form),
                ("abcdef.0123456789abcdef0", form),
                ("abcdef.0123456789abcde\n", form),
            ],
        );
    }

    #[test]
    fn cpu_sets() {
        let form = "it must consist of numbers and ranges, such as `0,3-5,8`";
        table::<CpuSet>(
            &["0", "0,3-5,8", "2-2"],
            &[
                ("", form),
                ("0,", form),
                ("a", form),
                ("1-", form),
                ("1-2-3", form),
                ("0 ,1", form),
                ("99999", form),
                ("5-3", "a range in it must not end before it starts"),
            ],
        );
    }

    #[test]
    fn numa_nodes() {
        let bad = "it must be a number";
        table::<NumaNode>(
            &["0", "17"],
            &[("", bad), ("node0", bad), ("+1", bad), ("-1", bad)],
        );
    }
}

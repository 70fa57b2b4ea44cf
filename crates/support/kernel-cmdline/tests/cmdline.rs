//! Words of command lines.

use kernel_cmdline::{arguments, value};
use proptest::prelude::*;

fn split(line: &str) -> Vec<(&str, Option<&str>)> {
    arguments(line).map(|a| (a.name, a.value)).collect()
}

#[test]
fn words_are_split_as_the_kernel_splits_them() {
    type Words = &'static [(&'static str, Option<&'static str>)];
    let cases: [(&str, Words); 21] = [
        ("", &[]),
        (" \t\n", &[]),
        ("quiet", &[("quiet", None)]),
        ("  a=b\tc\n", &[("a", Some("b")), ("c", None)]),
        ("a=", &[("a", Some(""))]),
        ("a=b=c", &[("a", Some("b=c"))]),
        ("a\x0bb", &[("a", None), ("b", None)]),
        ("a\u{a0}b", &[("a\u{a0}b", None)]),
        (r#"a="b c" d"#, &[("a", Some("b c")), ("d", None)]),
        (r#""a=b c" d"#, &[("a", Some("b c")), ("d", None)]),
        (r#""a b" d"#, &[("a b", None), ("d", None)]),
        (r#"a=b" "c"#, &[("a", Some(r#"b" "c"#))]),
        (r#"a="b"c d"#, &[("a", Some(r#"b"c"#)), ("d", None)]),
        (r#"a="b c"#, &[("a", Some("b c"))]),
        (r#""a=b c"#, &[("a", Some("b c"))]),
        (r#"""#, &[("", None)]),
        (r#"a="""#, &[("a", Some(""))]),
        (r#"a=""#, &[("a", Some(""))]),
        ("=a=b", &[("=a", Some("b"))]),
        ("=a", &[("=a", None)]),
        ("a -- b=c", &[("a", None)]),
    ];
    for (line, expected) in cases {
        assert_eq!(split(line), expected, "{line:?}");
    }
}

#[test]
fn the_last_value_counts() {
    for (line, expected) in [
        ("enforcing=1 enforcing=0", Some("0")),
        ("enforcing=1 enforcing", Some("1")),
        ("enforcing", None),
        ("xenforcing=1 enforcing.x=1", None),
        ("enforcing=1 -- enforcing=0", Some("1")),
    ] {
        assert_eq!(value(line, "enforcing"), expected, "{line}");
    }
}

proptest! {
    /// Arguments without quotes in them survive being written with quotes.
    #[test]
    fn what_is_written_is_read(
        words in prop::collection::vec(("[a-z.]{1,8}", "[^\"\0]{0,12}"), 0..8),
    ) {
        let quoted: Vec<String> = words.iter().map(|(n, v)| format!("{n}=\"{v}\"")).collect();
        let expected: Vec<_> = words.iter().map(|(n, v)| (n.as_str(), Some(v.as_str()))).collect();
        let line = quoted.join(" ");
        prop_assert_eq!(split(&line), expected);
    }

    #[test]
    fn anything_is_split(line in "\\PC*") {
        let total: usize = split(&line).iter().map(|(n, v)| n.len() + v.map_or(0, str::len)).sum();
        prop_assert!(total <= line.len());
    }
}

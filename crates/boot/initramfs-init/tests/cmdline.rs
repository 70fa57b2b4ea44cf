//! The kernel command line.

use initramfs_init::cmdline::{arguments, root_hash, value};
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

#[test]
fn root_hashes() {
    let (a, b) = ("ab".repeat(32), "cd".repeat(32));
    let upper = a.to_uppercase();
    for (line, expected) in [
        (format!("console=ttyS0 roothash={a} panic=2"), Ok(&a)),
        (format!("roothash=\"{a}\""), Ok(&a)),
        (format!("\"roothash={a}\""), Ok(&a)),
        (format!("roothash={a} roothash={a}"), Ok(&a)),
        (format!("roothash={upper} roothash={a}"), Ok(&a)),
        (
            format!("roothash={a} roothash={b}"),
            Err("two different root hashes, abab"),
        ),
        (
            format!("roothash={a} roothash="),
            Err("has roothash=``: it has 0 characters"),
        ),
        (
            "roothash".to_owned(),
            Err("has roothash=``: it has 0 characters"),
        ),
        (format!("roothash={}", &a[1..]), Err("it has 63 characters")),
        (
            format!("roothash={a},x"),
            Err("`,` is not a hexadecimal digit"),
        ),
        (format!("xroothash={a}"), Err("has no `roothash=`")),
        (format!("x=\"roothash={a}\""), Err("has no `roothash=`")),
        (format!("x=\" roothash={a} \""), Err("has no `roothash=`")),
        (format!("-- roothash={a}"), Err("has no `roothash=`")),
        (String::new(), Err("has no `roothash=`")),
    ] {
        match (root_hash(&line), expected) {
            (Ok(found), Ok(expected)) => assert_eq!(&found.to_string(), expected, "{line}"),
            (Err(error), Err(expected)) => {
                assert!(error.to_string().contains(expected), "{line}: {error}");
            }
            (found, _) => panic!("{line}: {found:?}"),
        }
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

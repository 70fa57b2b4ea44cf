//! Lists of migrations, and the ways through them.

use migrator::{List, ListError};
use proptest::prelude::*;
use semver::Version;

const LIST: &str = r#"{"updates": [], "migrations": {
    "(0.1.0, 0.2.0)": ["a", "b"],
    "(0.1.0, 0.3.0)": ["abc"],
    "(0.2.0,0.3.0)": ["c"],
    "(0.3.0, 0.3.1)": [],
    "(0.3.1, 1.0.0-rc.1)": ["d"],
    "(1.0.0-rc.1, 1.0.0)": ["e"],
    "(1.0.0, 1.1.0)": ["f"],
    "(1.0.0, 9.0.0)": ["beyond"]
}}"#;

fn version(text: &str) -> Version {
    text.parse().expect("a version")
}

#[test]
fn the_way_leads_over_the_largest_steps() {
    let list = List::from_json(LIST).unwrap();
    let cases: &[(&str, &str, &[&str])] = &[
        ("0.1.0", "0.1.0", &[]),
        ("0.1.0", "0.2.0", &["a", "b"]),
        ("0.1.0", "0.3.0", &["abc"]),
        ("0.2.0", "0.3.1", &["c"]),
        ("0.1.0", "1.1.0", &["abc", "d", "e", "f"]),
        ("0.3.1", "1.0.0-rc.1", &["d"]),
        ("9.9.9", "9.9.9", &[]),
    ];
    for (from, to, names) in cases {
        let (from, to) = (version(from), version(to));
        assert_eq!(list.path(&from, &to).unwrap(), *names, "{from} to {to}");
        let mut back = names.to_vec();
        back.reverse();
        assert_eq!(list.path(&to, &from).unwrap(), back, "{to} to {from}");
    }
}

#[test]
fn where_no_way_leads_the_versions_are_named() {
    let list = List::from_json(LIST).unwrap();
    for (from, to, message) in [
        (
            "0.0.9",
            "0.2.0",
            "no migration leads from 0.0.9 towards 0.2.0",
        ),
        (
            "1.2.0",
            "1.0.0",
            "no migration leads from 1.1.0 towards 1.2.0",
        ),
        (
            "0.1.0",
            "0.1.5",
            "no migration leads from 0.1.0 towards 0.1.5, only to 0.2.0, 0.3.0",
        ),
    ] {
        let error = list.path(&version(from), &version(to)).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn lists_that_make_no_sense_are_refused() {
    for (edges, message) in [
        (r#""0.1.0, 0.2.0": []"#, "must be `(OLD, NEW)`"),
        (r#""(0.1.0)": []"#, "must be `(OLD, NEW)`"),
        (r#""(0.1, 0.2)": []"#, "must be `(OLD, NEW)`"),
        (r#""(0.2.0, 0.1.0)": []"#, "must be `(OLD, NEW)`"),
        (r#""(0.1.0, 0.1.0)": []"#, "must be `(OLD, NEW)`"),
        (
            r#""(0.1.0, 0.2.0)": [], "(0.1.0, 0.2.0)": ["a"]"#,
            "from 0.1.0 to 0.2.0 is there twice",
        ),
        (
            r#""(0.1.0, 0.2.0)": [], "(0.1.0,0.2.0)": ["a"]"#,
            "from 0.1.0 to 0.2.0 is there twice",
        ),
        (r#""(0.1.0, 0.2.0)": ["../a"]"#, "the migration `../a` must"),
        (r#""(0.1.0, 0.2.0)": [".a"]"#, "the migration `.a` must"),
        (r#""(0.1.0, 0.2.0)": [""]"#, "the migration `` must"),
        (r#""(0.1.0, 0.2.0)": "a""#, "invalid type: string"),
    ] {
        let error = List::from_json(&format!(r#"{{"migrations": {{{edges}}}}}"#)).unwrap_err();
        assert!(error.to_string().contains(message), "{edges}: {error}");
    }
    for text in ["", "{}", "[]", "{\"migrations\": []}"] {
        let error = List::from_json(text).unwrap_err();
        assert!(matches!(error, ListError::Syntax(_)), "{error}");
    }
}

/// Every migration of this repository is in its list, and the other way round.
#[test]
fn the_list_of_this_repository_is_complete() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
    let text = std::fs::read_to_string(folder.join("migrations.toml")).unwrap();
    let list = List::from_toml(&text).unwrap();
    let mut listed: Vec<&str> = list.names().collect();
    listed.sort();
    listed.dedup();
    let mut there: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    there.sort();
    assert_eq!(listed, there);
}

proptest! {
    /// Versions 0.0.0 to 0.0.9 and any steps between them.
    #[test]
    fn ways_are_whole_and_the_same_in_both_directions(
        edges in proptest::collection::btree_set((0..10u64, 0..10u64), 0..20),
        from in 0..10u64,
        to in 0..10u64,
    ) {
        let edges: Vec<_> = edges.into_iter().filter(|(a, b)| a < b).collect();
        let members: Vec<String> = edges
            .iter()
            .map(|(a, b)| format!(r#""(0.0.{a}, 0.0.{b})": ["{a}-{b}"]"#))
            .collect();
        let list =
            List::from_json(&format!(r#"{{"migrations": {{{}}}}}"#, members.join(","))).unwrap();
        let (from, to) = (Version::new(0, 0, from), Version::new(0, 0, to));
        match (list.path(&from, &to), list.path(&to, &from)) {
            (Ok(there), Ok(mut back)) => {
                back.reverse();
                prop_assert_eq!(&there, &back);
                let mut at = from.patch;
                for name in there {
                    let (a, b) = name.split_once('-').unwrap();
                    let (a, b): (u64, u64) = (a.parse().unwrap(), b.parse().unwrap());
                    let (start, end) = if from < to { (a, b) } else { (b, a) };
                    prop_assert_eq!(at, start);
                    at = end;
                }
                prop_assert_eq!(at, to.patch);
            }
            (Err(there), Err(back)) => prop_assert_eq!(there, back),
            neither => prop_assert!(false, "{neither:?}"),
        }
    }

    #[test]
    fn any_text_is_answered(text in ".*", edge in "[(),.0-9a ]{0,20}") {
        let _ = List::from_json(&text);
        let _ = List::from_toml(&text);
        let _ = List::from_json(&format!(r#"{{"migrations": {{"{edge}": []}}}}"#));
    }
}

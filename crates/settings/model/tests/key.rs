//! Keys: what is written is what was read.

use proptest::prelude::*;
use settings_model::Key;

#[test]
fn keys_are_read() {
    for (text, segments, written) in [
        ("motd", &["motd"][..], "motd"),
        (
            "ntp.time-servers",
            &["ntp", "time-servers"],
            "ntp.time-servers",
        ),
        (r#""ntp"."options""#, &["ntp", "options"], "ntp.options"),
        (
            r#"kernel.sysctl."vm.max_map_count""#,
            &["kernel", "sysctl", "vm.max_map_count"],
            r#"kernel.sysctl."vm.max_map_count""#,
        ),
        ("a.net/ipv4", &["a", "net/ipv4"], "a.net/ipv4"),
        (r#"a."x,y z""#, &["a", "x,y z"], r#"a."x,y z""#),
        (r#"a."\"\\""#, &["a", r#""\"#], r#"a."\"\\""#),
        (r#""é""#, &["é"], r#""é""#),
    ] {
        let key: Key = text.parse().unwrap();
        assert_eq!(key.segments(), segments, "{text}");
        assert_eq!(key.to_string(), written, "{text}");
    }
}

#[test]
fn bad_keys_are_refused() {
    let too_long = "a".repeat(1025);
    let too_deep = ["a"; 17].join(".");
    let quotes = "a name with other characters than letters, digits, `_`, `-` and `/` must stand between double quotes";
    for (text, reason) in [
        ("", "a name in it is empty"),
        (".", "a name in it is empty"),
        ("a.", "a name in it is empty"),
        (".a", "a name in it is empty"),
        ("a..b", "a name in it is empty"),
        (r#"a."""#, "a name in it is empty"),
        ("a b", quotes),
        ("é", quotes),
        (r#"a"b"#, quotes),
        (r#"a"b.c"d"#, quotes),
        (r#"""#, "a double quote is not closed"),
        (r#""a.b"#, "a double quote is not closed"),
        (
            r#""a"b"#,
            "after a quoted name there must be a dot or the end",
        ),
        (
            r#""a\n""#,
            "a backslash must stand before a double quote or a backslash",
        ),
        ("\"a\nb\"", "it contains a control character"),
        ("\"a\0\"", "it contains a control character"),
        (&too_long, "it is longer than 1024 bytes"),
        (&too_deep, "it has more than 16 names"),
    ] {
        match text.parse::<Key>() {
            Ok(key) => panic!("{text:?} was read as {key:?}"),
            Err(error) => assert_eq!(error.reason, reason, "{text:?}"),
        }
    }
    assert_eq!(
        Key::new(["a", "b\u{7}"]).unwrap_err().to_string(),
        r#"invalid key `a."b\u{7}"`: it contains a control character"#
    );
    assert!(Key::new(Vec::<String>::new()).is_err());
}

#[test]
fn lists_of_keys_are_split_outside_quotes() {
    let keys = Key::parse_list(r#"settings.motd,a."b,c",ntp.options"#).unwrap();
    let written: Vec<String> = keys.iter().map(Key::with_prefix).collect();
    assert_eq!(
        written,
        [
            "settings.motd",
            r#"settings.a."b,c""#,
            "settings.ntp.options"
        ]
    );
    for bad in ["", ",", "a,", "a,,b"] {
        assert!(Key::parse_list(bad).is_err(), "{bad:?}");
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(segments in prop::collection::vec("[^\\p{Cc}]{1,12}", 1..8)) {
        let key = Key::new(segments.clone()).unwrap();
        let read: Key = key.to_string().parse().unwrap();
        prop_assert_eq!(read.segments(), &segments[..]);
        prop_assert_eq!(&Key::parse_list(&format!("{},{key}", key.with_prefix())).unwrap(), &[key.clone(), key]);
    }

    #[test]
    fn any_text_is_read_or_refused(text in r#"[ab."\\,/\n é]{0,24}"#) {
        if let Ok(key) = text.parse::<Key>() {
            prop_assert_eq!(key.to_string().parse::<Key>().unwrap(), key);
        }
    }

    #[test]
    fn serde_writes_the_same_text(segments in prop::collection::vec("[^\\p{Cc}]{1,12}", 1..4)) {
        let key = Key::new(segments).unwrap();
        let json = serde_json::to_value(&key).unwrap();
        prop_assert_eq!(&json, &serde_json::Value::String(key.to_string()));
        prop_assert_eq!(serde_json::from_value::<Key>(json).unwrap(), key);
    }
}

use super::*;
use proptest::prelude::*;
use serde_json::json;

fn parse(text: impl AsRef<[u8]>) -> Result<Value, String> {
    Document::parse("user-data", text.as_ref())
        .map(|document| document.settings().clone())
        .map_err(|error| error.to_string())
}

#[test]
fn documents_are_read() {
    let cases = [
        ("[settings]", json!({})),
        ("settings.motd = 'hi'", json!({"motd": "hi"})),
        (
            "[settings.kernel.sysctl]\n\"vm.max_map_count\" = \"1\"",
            json!({"kernel": {"sysctl": {"vm.max_map_count": "1"}}}),
        ),
        (
            "[settings]\na = [1, -1_000, 0xff, 1.5, true, [\"x\"]]\nb = 9223372036854775807",
            json!({"a": [1, -1000, 255, 1.5, true, ["x"]], "b": i64::MAX}),
        ),
        (
            "\n{\"settings\": {\"motd\": \"hi\"}}\n",
            json!({"motd": "hi"}),
        ),
    ];
    for (text, settings) in cases {
        assert_eq!(parse(text).unwrap(), settings, "{text}");
    }
}

#[test]
fn bad_documents_are_refused_with_file_line_and_column() {
    let cases: &[(&str, &[u8], &str)] = &[
        ("empty", b"", "user-data: there is no `[settings]` in it"),
        (
            "only a comment",
            b"# x\n",
            "user-data: there is no `[settings]` in it",
        ),
        (
            "missing-quotes",
            b"[settings]\nmotd = hi there\n",
            "user-data:2:8: invalid TOML: string values must be quoted, expected literal string",
        ),
        (
            "duplicate-key",
            b"[settings]\nmotd = 'a'\nmotd = 'b'\n",
            "user-data:3:1: invalid TOML: duplicate key",
        ),
        (
            "duplicate-table",
            b"[settings.ntp]\na = 1\n[settings.ntp]\nb = 1\n",
            "user-data:3:11: invalid TOML: duplicate key",
        ),
        (
            "other-table",
            b"[settings]\n\n[services.x]\n",
            "user-data:3:2: `services` is not allowed here, only `settings` is",
        ),
        (
            "settings-not-a-table",
            b"\nsettings = 1\n",
            "user-data:2:1: settings: it is not a table",
        ),
        (
            "date",
            b"[settings]\nwhen = 2026-01-01\n",
            "user-data:2:8: no setting is a date or time; put it between quotes",
        ),
        (
            "infinite",
            b"[settings]\nn = inf\n",
            "user-data:2:5: a number must be finite",
        ),
        (
            "nan",
            b"[settings]\nn = nan\n",
            "user-data:2:5: a number must be finite",
        ),
        (
            "overflow",
            b"[settings]\nn = 1e999\n",
            "user-data:2:5: a number must be finite",
        ),
        (
            "huge-number",
            b"[settings]\nn = 99999999999999999999\n",
            "user-data:2:5: the number is too large",
        ),
        (
            "latin-1",
            b"[settings]\nmotd = \"\xc3\xa9\xe9\"\n",
            "user-data:2:10: the text is not UTF-8",
        ),
        (
            "nul",
            b"[settings]\nmotd = \"\0\"",
            "user-data:2:9: invalid TOML: invalid basic string, expected non-double-quote visible \
             characters, `\\`",
        ),
        (
            "cloud-config",
            b"#cloud-config\nusers:\n  - default\n",
            "user-data:2:7: invalid TOML: key with no value, expected `=`",
        ),
        (
            "json-cut",
            b"{\"settings\":",
            "user-data:1:12: invalid JSON: EOF while parsing a value",
        ),
        (
            "json-duplicate",
            b"{\"settings\": {\"a\": 1,\n \"a\": 2}}",
            "user-data:2:4: invalid JSON: the name `a` occurs twice in one object",
        ),
        (
            "json-other",
            b"{\"settings\": {}, \"x\\n\": 1}",
            "user-data: `x\\n` is not allowed here, only `settings` is",
        ),
        (
            "json-list",
            b"{\"settings\": []}",
            "user-data: settings: it is not a table",
        ),
    ];
    for (name, text, message) in cases {
        assert_eq!(parse(text).unwrap_err(), *message, "{name}");
    }
}

#[test]
fn hostile_depth_and_size_are_refused() {
    let levels = |n: usize| format!("[settings]\na = {}{}", "[".repeat(n), "]".repeat(n));
    assert!(parse(levels(MAX_NESTED_LISTS)).is_ok());
    let cases = [
        ("lists", levels(MAX_NESTED_LISTS + 1)),
        ("endless lists", levels(400_000)),
        (
            "open lists",
            format!("[settings]\na = {}", "[".repeat(900_000)),
        ),
        (
            "inline tables",
            format!("settings = {}", "{a=".repeat(300_000)),
        ),
        (
            "dotted key",
            format!("settings{} = 1", ".a".repeat(500_000)),
        ),
        (
            "dotted header",
            format!("[settings{}]", ".a".repeat(500_000)),
        ),
        (
            "dotted keys in inline tables",
            format!(
                "settings = {}1{}",
                format!("{{a{}=", ".a".repeat(70)).repeat(70),
                "}".repeat(70)
            ),
        ),
        (
            "json",
            format!("{{\"settings\": {}", "{\"a\":".repeat(200_000)),
        ),
    ];
    for (name, text) in cases {
        assert!(text.len() <= MAX_BYTES, "{name}");
        let error = parse(&text).unwrap_err();
        assert!(error.len() < 300, "{name}: {error}");
    }
    let mut largest = b"[settings]\n#".to_vec();
    largest.resize(MAX_BYTES, b'x');
    assert!(parse(&largest).is_ok());
    largest.push(b'x');
    assert_eq!(
        parse(&largest).unwrap_err(),
        "user-data: the document is larger than 1048576 bytes"
    );
}

/// The document and `settings` around them are two of the levels allowed, the
/// scalar inside would be one more.
const MAX_NESTED_LISTS: usize = json::MAX_DEPTH - 2;

#[test]
fn excerpts_quote_the_line_and_mark_the_place() {
    let error = |text: &str| Document::parse("f", text.as_bytes()).unwrap_err();
    assert_eq!(
        error("[settings]\r\n\tmotd = h\u{e9}\r\n").excerpt(),
        Some("  |\n2 |  motd = h\u{e9}\n  |         ^")
    );
    let long = format!("[settings]\na = [{} x]\n", "1,".repeat(5000));
    let excerpt = error(&long).excerpt().unwrap().to_owned();
    let lines: Vec<_> = excerpt.lines().collect();
    assert!(lines[1].chars().count() < 130, "{excerpt}");
    assert_eq!(
        lines[1].chars().nth(lines[2].chars().count() - 1),
        Some('x'),
        "{excerpt}"
    );
}

#[test]
fn what_the_api_refuses_is_found_in_the_document() {
    let text = "\
[settings]
motd = 'hi'
[settings.kernel.sysctl]
\"a.b: c\" = '1'
[settings.ntp]
time-servers = [
  'a',
  'b c',
]
";
    let document = Document::parse("f", text.as_bytes()).unwrap();
    let cases = [
        ("settings.motd: bad", "f:2:1: settings.motd: bad"),
        (
            "settings.kernel.sysctl.\"a.b: c\": bad: really",
            "f:4:1: settings.kernel.sysctl.\"a.b: c\": bad: really",
        ),
        (
            "settings.ntp.time-servers[1]: bad",
            "f:6:1: settings.ntp.time-servers[1]: bad",
        ),
        (
            "settings.ntp.time-servers[1].a[0]: bad",
            "f:6:1: settings.ntp.time-servers[1].a[0]: bad",
        ),
        ("settings.ntp.other: bad", "f:5:11: settings.ntp.other: bad"),
        ("settings.other: bad", "f:1:2: settings.other: bad"),
        ("settings: bad", "f:1:2: settings: bad"),
        ("bad: worse", "f: bad: worse"),
        ("bad", "f: bad"),
    ];
    for (reason, message) in cases {
        assert_eq!(document.fault(reason).to_string(), message);
    }
    let json = Document::parse("f", b"{\"settings\": {\"motd\": 1}}").unwrap();
    assert_eq!(
        json.fault("settings.motd: bad").to_string(),
        "f: settings.motd: bad"
    );
}

proptest! {
    #[test]
    fn no_document_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Err(error) = Document::parse("f", &bytes) {
            let _ = (error.to_string(), error.excerpt().map(str::len));
        }
    }

    #[test]
    fn no_toml_like_text_panics(text in "(\\[settings\\]\n)?[\\[\\]{}=.,\"'a1\n\\\\ é-]{0,60}") {
        if let Ok(document) = Document::parse("f", text.as_bytes()) {
            let _ = document.fault("settings.a.a: bad");
        }
    }
}

mod packed {
    use std::io::Write;

    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn base64(bytes: &[u8]) -> Vec<u8> {
        STANDARD.encode(bytes).into_bytes()
    }

    /// As mail programs and `base64(1)` break it.
    fn broken(text: &[u8]) -> Vec<u8> {
        let lines: Vec<_> = text.chunks(10).collect();
        [lines.join(&b"\r\n"[..]), b"\n".to_vec()].concat()
    }

    #[test]
    fn documents_are_unpacked() {
        let plain = b"[settings]\nmotd = 'hi'\n";
        let two = [&gzip(&plain[..12])[..], &gzip(&plain[12..])[..]].concat();
        for (name, packed) in [
            ("gzip", gzip(plain)),
            ("gzip of two parts", two),
            ("base64", base64(plain)),
            ("base64 in lines", broken(&base64(plain))),
            ("gzip in base64", base64(&gzip(plain))),
            ("base64 in gzip in base64", base64(&gzip(&base64(plain)))),
        ] {
            assert_eq!(parse(packed).unwrap(), json!({"motd": "hi"}), "{name}");
        }
        let error = parse(base64(b"[settings]\nmotd = hi\n")).unwrap_err();
        assert!(error.starts_with("user-data:2:8: "), "{error}");
    }

    #[test]
    fn bad_packing_is_refused() {
        let good = gzip(b"[settings]\n");
        let bomb = gzip(&vec![b'#'; MAX_BYTES + 1]);
        assert!(bomb.len() < 10_000);
        let deep = base64(&base64(&base64(&base64(b"[settings]\n"))));
        let mut wrong_sum = good.clone();
        wrong_sum[good.len() - 5] ^= 1;
        for (name, packed, reason) in [
            (
                "a bomb",
                bomb.clone(),
                "larger than 1048576 bytes when unpacked",
            ),
            (
                "a bomb in base64",
                base64(&bomb),
                "larger than 1048576 bytes when unpacked",
            ),
            (
                "cut off",
                good[..good.len() - 9].to_vec(),
                "failed to unpack it with gzip",
            ),
            (
                "only the start",
                good[..2].to_vec(),
                "failed to unpack it with gzip",
            ),
            (
                "a wrong checksum",
                wrong_sum,
                "failed to unpack it with gzip",
            ),
            (
                "something behind it",
                [&good[..], b"junk"].concat(),
                "failed to unpack it with gzip",
            ),
            ("too many layers", deep, "invalid TOML"),
            (
                "base64 of neither text nor gzip",
                b"/////w==".to_vec(),
                "invalid TOML",
            ),
        ] {
            let error = parse(packed).unwrap_err();
            assert!(error.contains(reason), "{name}: {error}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_refused_or_read(bytes in any::<Vec<u8>>(), packed: bool) {
            let _ = parse(&bytes);
            let _ = parse([&[0x1f, 0x8b, 8][..], &bytes].concat());
            if packed {
                let _ = parse(gzip(&bytes));
                let _ = parse(base64(&bytes));
            }
        }
    }
}

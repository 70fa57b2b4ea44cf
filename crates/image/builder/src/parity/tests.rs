use super::*;

fn options(text: &str) -> Options {
    Options::parse(text).unwrap()
}

fn things(list: &[(&'static str, &str, &str)]) -> BTreeMap<Item, String> {
    list.iter()
        .map(|(group, name, value)| ((*group, (*name).to_owned()), (*value).to_owned()))
        .collect()
}

fn comparison(rows: Vec<Row>, explanations: &str, kernel_known: bool) -> Comparison {
    Comparison {
        rows: BTreeMap::from([("metal-dev".to_owned(), rows)]),
        explanations: Explanations::parse(explanations, Architecture::X86_64).unwrap(),
        kernel_known,
    }
}

fn explanation(item: &str, more: &str) -> String {
    format!("[[difference]]\nitem = \"{item}\"\nreason = \"known\"\n{more}\n")
}

#[test]
fn differences_need_a_reason_and_reasons_a_difference() {
    let one = things(&[("program", "a", ""), ("file", "etc/b", "1")]);
    let other = things(&[("program", "a", ""), ("file", "etc/b", "2")]);
    let fewer = things(&[("file", "etc/b", "1")]);
    let ours = "builder = \"image-builder\"";
    let table = [
        // Theirs, explanations, what is complained of.
        (&one, String::new(), None),
        (
            &other,
            String::new(),
            Some("file/etc/b (bitbake, in metal-dev)"),
        ),
        (&other, explanation("file/etc/*", ""), None),
        (&other, explanation("file/*", "builder = \"bitbake\""), None),
        (
            &other,
            explanation("file/etc/b", ours),
            Some("file/etc/b (bitbake"),
        ),
        (
            &other,
            explanation("file/etc/b", "variant = \"floor\""),
            Some("file/etc/b (bitbake"),
        ),
        (
            &fewer,
            String::new(),
            Some("program/a (bitbake, in metal-dev)"),
        ),
        (
            &one,
            explanation("file/etc/b", ""),
            Some("explain no difference (any more):\n  file/etc/b"),
        ),
    ];
    for (theirs, explanations, expected) in table {
        let complaints = comparison(rows_of(&one, theirs), &explanations, true).complaints();
        match expected {
            None => assert_eq!(complaints, "", "{explanations}"),
            Some(text) => assert!(complaints.contains(text), "{explanations}: {complaints}"),
        }
    }
}

#[test]
fn kernel_options_are_compared_with_what_is_required() {
    let (ours, theirs) = (Builder::ImageBuilder, Builder::BitBake);
    let table: [(&str, Option<&str>, &str, &[Builder]); 8] = [
        // Required, Debian's kernel, the recipes' fragments, who departs.
        ("CONFIG_A=y", Some("CONFIG_A=y"), "CONFIG_A=y", &[]),
        ("CONFIG_A=m", Some("CONFIG_A=y"), "CONFIG_A=m", &[]),
        (
            "# CONFIG_A is not set",
            Some(""),
            "# CONFIG_A is not set",
            &[],
        ),
        ("CONFIG_A=y", Some(""), "CONFIG_A=y", &[ours]),
        ("CONFIG_A=y", None, "CONFIG_A=y", &[]),
        ("CONFIG_A=y", Some("CONFIG_A=y"), "", &[theirs]),
        ("CONFIG_A=y", None, "CONFIG_A=m", &[theirs]),
        ("", Some("CONFIG_A=y"), "CONFIG_A=y", &[theirs]),
    ];
    for (wanted, kernel, carried, departing) in table {
        let kernel = kernel.map(options);
        let rows = kernel_rows(&options(wanted), kernel.as_ref(), &options(carried));
        assert_eq!(
            rows[0].departing, departing,
            "{wanted}, {kernel:?}, {carried}"
        );
    }
}

#[test]
fn reasons_for_a_kernel_that_is_not_there_are_not_judged() {
    let table = [
        ("builder = \"image-builder\"", true, false),
        ("builder = \"image-builder\"", false, true),
        ("builder = \"bitbake\"", true, true),
        ("", true, false),
    ];
    for (more, kernel_known, accepted) in table {
        let reason = explanation("kernel/CONFIG_A", more);
        let complaints = comparison(Vec::new(), &reason, kernel_known).complaints();
        assert_eq!(complaints.is_empty(), accepted, "{more} {kernel_known}");
    }
}

#[test]
fn the_table_sums_up_what_is_the_same() {
    let digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let same = [
        ("program", "a", "x y"),
        ("program", "b", ""),
        ("policy", "p", "1|2"),
    ];
    let ours = [
        &same[..],
        &[("file", "etc/c", digest), ("file", "etc/d", "1")],
    ]
    .concat();
    let theirs = [&same[..], &[("file", "etc/d", "2")]].concat();
    let rows = rows_of(&things(&ours), &things(&theirs));
    let text = comparison(rows, &explanation("file/etc/c", ""), true).table();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[2].starts_with("| all | policy: p | ") && lines[2].ends_with(" same |"));
    assert!(lines[3].starts_with("| all | program: a, b | "));
    assert_eq!(
        lines[4],
        "| all | file/etc/c | e3b0c44298fc… | absent | known |"
    );
    assert_eq!(
        lines[5],
        "| all | file/etc/d | 1 | 2 | **unexplained** (bitbake) |"
    );
    assert_eq!(lines.len(), 6);
}

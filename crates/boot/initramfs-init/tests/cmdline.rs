//! The root hash on the kernel command line.

use initramfs_init::cmdline::root_hash;

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

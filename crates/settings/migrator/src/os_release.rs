//! The version of the OS, from a file in os-release(5) format.

/// What it says `VERSION_ID` is. A version has no characters that would have to
/// be escaped there.
pub(crate) fn version(text: &str) -> Option<String> {
    let mut lines = text.lines().map(str::trim);
    let value = lines.find_map(|line| line.strip_prefix("VERSION_ID="))?;
    let value = value.trim_matches(['"', '\'']);
    (!value.is_empty()).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_found() {
        for (text, expected) in [
            ("NAME=x\nVERSION_ID=1.2.3\n", Some("1.2.3")),
            ("VERSION_ID=\"1.2.3-rc.1\"", Some("1.2.3-rc.1")),
            ("  VERSION_ID='1.2.3'  ", Some("1.2.3")),
            ("#VERSION_ID=1.2.3\nVERSION=1", None),
            ("VERSION_ID=\"\"", None),
            ("", None),
        ] {
            assert_eq!(version(text).as_deref(), expected, "{text}");
        }
    }
}

//! What a terminal's byte stream says.

use crate::error::{TAIL_LINES, Tail};

/// Lines of a kernel that starts, and of firmware that starts one: the kernel
/// may have been told to be quiet.
const STARTS: [&str; 2] = ["] Linux version ", "BdsDxe: starting "];

/// Whether the last kernel has given up that these lines show the start of.
pub(crate) fn has_panicked<'a>(lines: impl DoubleEndedIterator<Item = &'a str>) -> bool {
    lines
        .rev()
        .take_while(|line| !STARTS.iter().any(|start| line.contains(start)))
        .any(|line| line.contains("Kernel panic - not syncing"))
}

/// The plain lines of what a console sent.
pub(crate) fn plain(bytes: &[u8]) -> Vec<String> {
    let mut cleaner = Cleaner::default();
    let mut lines = cleaner.push(bytes);
    lines.push(cleaner.partial());
    lines
}

/// The last 40 lines that say anything.
pub(crate) fn tail(lines: impl IntoIterator<Item = String>) -> Tail {
    let mut lines: Vec<String> = lines.into_iter().filter(|l| !l.is_empty()).collect();
    Tail(lines.split_off(lines.len().saturating_sub(TAIL_LINES)))
}

/// Cuts a terminal's byte stream into plain lines.
#[derive(Debug, Default)]
pub(super) struct Cleaner {
    line: Vec<u8>,
    escape: Escape,
}

/// How far into an escape sequence (ECMA-48) the stream is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Escape {
    #[default]
    None,
    /// After ESC.
    Begun,
    /// In a control sequence, `ESC [` to a byte from `@` to `~`.
    Control,
    /// In a command string, `ESC ]` to BEL or ESC `\`.
    Command,
}

impl Cleaner {
    /// Takes the next bytes and returns the lines they complete.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        for &byte in bytes {
            self.escape = match (self.escape, byte) {
                (Escape::None | Escape::Begun, 0x1b) | (Escape::Command, 0x1b) => Escape::Begun,
                (Escape::Begun, b'[') => Escape::Control,
                (Escape::Begun, b']') => Escape::Command,
                (Escape::Control, b'@'..=b'~') | (Escape::Command, 0x07) => Escape::None,
                // A line feed ends whatever was torn before it.
                (escape @ (Escape::Control | Escape::Command), 0x20..) => escape,
                (Escape::Begun, 0x20..) => Escape::None,
                (_, b'\n') => {
                    lines.push(self.partial());
                    self.line.clear();
                    Escape::None
                }
                (_, b'\t' | 0x20..) => {
                    self.line.push(byte);
                    Escape::None
                }
                (escape, _) => escape,
            };
        }
        lines
    }

    pub(super) fn partial(&self) -> String {
        String::from_utf8_lossy(&self.line).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_the_last_kernel_counts_as_panicked() {
        let (start, panic) = (
            "[    0.000000] Linux version 6.12",
            "[    5.2] Kernel panic - not syncing: x",
        );
        let cases: [(&[&str], bool); 5] = [
            (&[], false),
            (&[start, "ok"], false),
            (&[start, panic, "---[ end"], true),
            (&[start, panic, "BdsDxe", start, "ok"], false),
            (&[start, panic, start, panic], true),
        ];
        for (lines, expected) in cases {
            assert_eq!(has_panicked(lines.iter().copied()), expected, "{lines:?}");
        }
    }

    #[test]
    fn escape_sequences_are_removed() {
        let cases: [(&str, &[u8], &[&str], &str); 8] = [
            ("plain", b"one\r\ntwo\r\nthr", &["one", "two"], "thr"),
            (
                "colour",
                b"[\x1b[0;32m  OK  \x1b[0m] x\n",
                &["[  OK  ] x"],
                "",
            ),
            ("title", b"\x1b]0;title\x07a\n", &["a"], ""),
            ("title ended by ST", b"\x1b]0;title\x1b\\a\n", &["a"], ""),
            ("two-byte sequence", b"\x1bca\n", &["a"], ""),
            ("torn", b"\x1b[0;3\nb\n", &["", "b"], ""),
            ("control characters", b"a\0\x08b\tc\n", &["ab\tc"], ""),
            ("not UTF-8", b"\xff\n", &["\u{fffd}"], ""),
        ];
        for (name, bytes, lines, partial) in cases {
            let mut cleaner = Cleaner::default();
            assert_eq!(cleaner.push(bytes), lines, "{name}");
            assert_eq!(cleaner.partial(), partial, "{name}");
        }
    }

    proptest! {
        #[test]
        fn cutting_the_stream_changes_nothing(bytes: Vec<u8>, cut: prop::sample::Index) {
            let (mut whole, mut pieces) = (Cleaner::default(), Cleaner::default());
            let (head, tail) = bytes.split_at(cut.index(bytes.len() + 1));
            let mut lines = pieces.push(head);
            lines.extend(pieces.push(tail));
            prop_assert_eq!(whole.push(&bytes), lines);
            prop_assert_eq!(whole.partial(), pieces.partial());
        }
    }
}

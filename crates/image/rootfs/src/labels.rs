//! SELinux file contexts: which label a path gets.
//!
//! The format is that of libselinux's `file_contexts`: one `REGEX [-TYPE]
//! CONTEXT` a line, the last line that matches wins, `<<none>>` gives no label.

use regex_lite::Regex;
use std::path::Path;

/// A compiled `file_contexts` file.
#[derive(Debug)]
pub struct FileContexts {
    specs: Vec<Spec>,
}

#[derive(Debug)]
struct Spec {
    regex: Regex,
    kind: Option<Kind>,
    context: Option<String>,
}

/// The kind of a file, as `file_contexts` tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file (`--`).
    Regular,
    /// A folder (`-d`).
    Folder,
    /// A symbolic link (`-l`).
    Link,
    /// A block device (`-b`).
    Block,
    /// A character device (`-c`).
    Character,
    /// A named pipe (`-p`).
    Pipe,
    /// A socket (`-s`).
    Socket,
}

impl Kind {
    /// The kind that a word of a `file_contexts` line stands for.
    pub fn parse(word: &str) -> Option<Kind> {
        Some(match word {
            "--" => Kind::Regular,
            "-d" => Kind::Folder,
            "-l" => Kind::Link,
            "-b" => Kind::Block,
            "-c" => Kind::Character,
            "-p" => Kind::Pipe,
            "-s" => Kind::Socket,
            _ => return None,
        })
    }
}

impl FileContexts {
    /// Parses the text of a `file_contexts` file; the error is the bad line.
    pub fn parse(text: &str) -> Result<FileContexts, String> {
        let specs = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(|line| parse_line(line).ok_or_else(|| line.to_owned()))
            .collect::<Result<_, _>>()?;
        Ok(FileContexts { specs })
    }

    /// The label of a path (absolute, as on the running system).
    pub fn lookup(&self, path: &Path, kind: Kind) -> Option<&str> {
        let path = path.to_string_lossy();
        self.specs
            .iter()
            .rev()
            .find(|s| s.kind.is_none_or(|k| k == kind) && s.regex.is_match(&path))
            .and_then(|s| s.context.as_deref())
    }
}

fn parse_line(line: &str) -> Option<Spec> {
    let fields: Vec<_> = line.split_whitespace().collect();
    let (regex, kind, context) = match fields.as_slice() {
        [regex, context] => (regex, None, context),
        [regex, kind, context] => (regex, Some(Kind::parse(kind)?), context),
        _ => return None,
    };
    Some(Spec {
        regex: Regex::new(&format!("^(?:{regex})$")).ok()?,
        kind,
        context: (*context != "<<none>>").then(|| (*context).to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_matching_line_wins() {
        let contexts = FileContexts::parse(
            "# comment\n/.*  u:object_r:os_t:s0\n/etc(/.*)? u:object_r:etc_t:s0\n\
             /usr/bin/bottlerocket -- u:object_r:bottlerocket_exec_t:s0\n/proc(/.*)? <<none>>\n",
        )
        .unwrap();
        let table = [
            ("/usr/lib/x", Kind::Regular, Some("u:object_r:os_t:s0")),
            ("/etc", Kind::Folder, Some("u:object_r:etc_t:s0")),
            ("/etcetera", Kind::Folder, Some("u:object_r:os_t:s0")),
            (
                "/usr/bin/bottlerocket",
                Kind::Regular,
                Some("u:object_r:bottlerocket_exec_t:s0"),
            ),
            (
                "/usr/bin/bottlerocket",
                Kind::Link,
                Some("u:object_r:os_t:s0"),
            ),
            ("/proc/1", Kind::Folder, None),
        ];
        for (path, kind, expected) in table {
            assert_eq!(contexts.lookup(Path::new(path), kind), expected, "{path}");
        }
    }

    #[test]
    fn bad_lines_are_named() {
        for bad in [
            "/only-a-path",
            "/a -x u:r:t:s0",
            "/( -- u:r:t:s0",
            "/a -- b c",
        ] {
            assert_eq!(FileContexts::parse(bad).unwrap_err(), bad);
        }
    }
}

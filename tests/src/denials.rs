//! Accesses that SELinux denied, from the journal.

use std::collections::BTreeSet;
use std::fmt;

use anyhow::Result;
use serde_json::Value;
use vm::Channel;

/// One kind of denied access; the same access again is the same denial.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Denial {
    /// The permissions, such as `read write`.
    pub permissions: String,
    /// The program's name.
    pub program: String,
    /// The file's path or name, if it was about one.
    pub object: String,
    /// Context of the process.
    pub source: String,
    /// Context of the object.
    pub target: String,
    /// Class of the object.
    pub class: String,
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} denied {{ {} }} on {} `{}` ({} -> {})",
            self.program, self.permissions, self.class, self.object, self.source, self.target
        )
    }
}

/// All denials of the current boot: by the kernel, and by systemd and
/// dbus-broker on its behalf.
pub fn denials(channel: &Channel) -> Result<BTreeSet<Denial>> {
    let journal = channel.output(&["/usr/bin/journalctl", "-b", "-o", "json", "--no-pager"])?;
    Ok(parse(&journal))
}

fn parse(journal: &str) -> BTreeSet<Denial> {
    journal
        .lines()
        .filter_map(|line| denial(&message(line)?))
        .collect()
}

/// The message of a journal entry in JSON. One that is not UTF-8 is an array
/// of bytes.
fn message(line: &str) -> Option<String> {
    let entry: Value = serde_json::from_str(line).ok()?;
    match &entry["MESSAGE"] {
        Value::String(text) => Some(text.clone()),
        Value::Array(bytes) => {
            let bytes: Vec<u8> = bytes
                .iter()
                .filter_map(|b| u8::try_from(b.as_u64()?).ok())
                .collect();
            Some(String::from_utf8_lossy(&bytes).into_owned())
        }
        _ => None,
    }
}

/// Reads `avc:  denied  { read } for  pid=1 comm="x" … scontext=… tclass=…`.
fn denial(message: &str) -> Option<Denial> {
    let (_, record) = message.split_once("avc:  denied  {")?;
    let (permissions, fields) = record.split_once('}')?;
    let field = |name: &str| {
        let value = fields
            .split_whitespace()
            .find_map(|f| f.strip_prefix(name)?.strip_prefix('='));
        value.map(|v| v.trim_matches(['"', '\'']).to_owned())
    };
    Some(Denial {
        permissions: permissions.trim().to_owned(),
        program: field("comm").or_else(|| field("exe")).unwrap_or_default(),
        object: field("path").or_else(|| field("name")).unwrap_or_default(),
        source: field("scontext")?,
        target: field("tcontext")?,
        class: field("tclass")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KERNEL: &str = "avc:  denied  { read write } for  pid=1 comm=\"init\" name=\"kmsg\" dev=\"devtmpfs\" ino=10 scontext=a:b:c_t:s0 tcontext=d:e:f_t:s0 tclass=chr_file permissive=0";

    fn entry(message: &Value) -> String {
        serde_json::json!({ "MESSAGE": message, "_TRANSPORT": "kernel" }).to_string()
    }

    #[test]
    fn denials_are_found_once_each() {
        let audit = format!("audit: type=1400 audit(1.2:3): {KERNEL}");
        let other = KERNEL.replace("kmsg", "console");
        let journal = [
            entry(&KERNEL.into()),
            entry(&audit.into()),
            entry(&other.into_bytes().into()),
            entry(&"avc:  granted  { load_policy } for  pid=1".into()),
            "{}".to_owned(),
            "not json".to_owned(),
        ];
        let found: Vec<Denial> = parse(&journal.join("\n")).into_iter().collect();
        assert_eq!(found.len(), 2);
        assert_eq!(
            found[1].to_string(),
            "init denied { read write } on chr_file `kmsg` (a:b:c_t:s0 -> d:e:f_t:s0)"
        );
    }

    #[test]
    fn denials_of_user_space_are_read_too() {
        let message = "USER_AVC pid=1 uid=0 msg='avc:  denied  { start } for auid=n/a uid=0 path=\"/x\" cmdline=\"\" scontext=a:b:c_t:s0 tcontext=d:e:f_t:s0 tclass=service permissive=0 exe=\"/usr/lib/systemd/systemd\" sauid=0'";
        let found = denial(message).unwrap();
        assert_eq!(
            (found.object.as_str(), found.class.as_str()),
            ("/x", "service")
        );
        assert_eq!(found.program, "/usr/lib/systemd/systemd");
    }

    #[test]
    fn torn_records_are_no_denials() {
        for end in 0..KERNEL.len() - " permissive=0".len() - 1 {
            if let Some(found) = denial(&KERNEL[..end]) {
                assert!(KERNEL.contains(&found.class), "{found}");
            }
        }
        assert_eq!(denial(""), None);
    }
}

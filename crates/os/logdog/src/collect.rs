//! Collecting, one request after the other. What cannot be had is a line in `errors`.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use apiclient::Client;
use serde_json::Value;

use crate::bundle::{Bundle, MAX_FILE};
use crate::requests::Requests;
use crate::scrub;

/// A program that takes longer is stopped; what it wrote until then is kept.
const PATIENCE: Duration = Duration::from_secs(30);
const TRUNCATED: &str = "\n[the rest is left out]\n";

/// Collects all of it.
pub(crate) fn all<W: Write>(
    requests: &Requests,
    client: &Client,
    bundle: &mut Bundle<W>,
) -> io::Result<()> {
    let mut errors = String::new();
    for request in &requests.api {
        match client.get::<Value>(&request.get) {
            Ok(mut document) => {
                scrub::document(&mut document);
                let text = format!("{document:#}\n");
                bundle.add(Path::new(&request.file), scrub::text(&text).as_bytes())?;
            }
            Err(error) => errors += &format!("{}: {error}\n", request.file),
        }
    }
    for request in &requests.command {
        match run(&request.run) {
            Ok(output) => bundle.add(Path::new(&request.file), scrubbed(&output).as_bytes())?,
            Err(error) => errors += &format!("{}: {}: {error}\n", request.file, request.run[0]),
        }
    }
    for pattern in requests.copy.iter().flat_map(|request| &request.files) {
        let found = match glob::glob(pattern) {
            Ok(found) => found,
            Err(error) => {
                errors += &format!("{pattern}: {error}\n");
                continue;
            }
        };
        for path in found.flatten().filter(|path| path.is_file()) {
            match File::open(&path).and_then(limited) {
                Ok(bytes) => {
                    let place = path.strip_prefix("/").unwrap_or(&path);
                    bundle.add(place, scrubbed(&bytes).as_bytes())?;
                }
                Err(error) => errors += &format!("{}: {error}\n", path.display()),
            }
        }
    }
    if bundle.is_full() {
        errors += "there was more than there is room for: what came last is missing\n";
    }
    bundle.add_last(Path::new("errors"), errors.as_bytes())
}

fn scrubbed(bytes: &[u8]) -> String {
    scrub::text(&String::from_utf8_lossy(bytes))
}

/// What a program writes, to both of its outputs.
fn run(command: &[String]) -> io::Result<Vec<u8>> {
    let (ours, theirs) = io::pipe()?;
    let mut child = Command::new(&command[0])
        .args(&command[1..])
        .stdin(Stdio::null())
        .stdout(theirs.try_clone()?)
        .stderr(theirs)
        .spawn()?;
    let (done, output) = mpsc::channel();
    std::thread::spawn(move || {
        // If nobody waits any more, nobody misses it.
        let _ = done.send(limited(ours));
    });
    let output = output.recv_timeout(PATIENCE);
    // One that has written all that there is room for may still be writing.
    let _ = child.kill();
    child.wait()?;
    output.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

fn limited(from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE {
        bytes.truncate(MAX_FILE as usize);
        bytes.extend_from_slice(TRUNCATED.as_bytes());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use flate2::read::GzDecoder;

    use super::*;
    use crate::requests;

    #[test]
    fn what_can_be_had_is_in_the_archive_and_what_cannot_is_said() {
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("a.log");
        std::fs::write(&log, "fine\npassword=hunter2\n").expect("a file");
        let command = |file: &str, run: &[&str]| requests::Command {
            file: file.to_owned(),
            run: run.iter().map(|&word| word.to_owned()).collect(),
        };
        let requests = Requests {
            command: vec![
                command("both", &["sh", "-c", "echo out; echo token: abc >&2"]),
                command("absent", &["/nothing/here"]),
                command("endless", &["yes", &"long lines ".repeat(50)]),
            ],
            copy: vec![requests::Copy {
                files: vec![
                    folder.path().join("*.log").to_string_lossy().into_owned(),
                    "/nothing/here/*".to_owned(),
                ],
            }],
            api: vec![requests::Api {
                file: "status.json".to_owned(),
                get: "/status".to_owned(),
            }],
        };
        let mut archive = Vec::new();
        let mut bundle = Bundle::new(&mut archive);
        let client = Client::new(folder.path().join("none"));
        all(&requests, &client, &mut bundle).expect("collected");
        bundle.finish().expect("written");
        let mut found = BTreeMap::new();
        for entry in tar::Archive::new(GzDecoder::new(&archive[..]))
            .entries()
            .expect("entries")
        {
            let mut entry = entry.expect("an entry");
            let name = entry.path().expect("a name").to_string_lossy().into_owned();
            let mut text = String::new();
            entry.read_to_string(&mut text).expect("text");
            found.insert(
                name.trim_start_matches("bottlerocket-logs/").to_owned(),
                text,
            );
        }
        assert_eq!(found["both"], "out\ntoken: <redacted>\n");
        let log = log
            .strip_prefix("/")
            .expect("a path")
            .to_string_lossy()
            .into_owned();
        assert_eq!(found[&log], "fine\npassword=<redacted>\n");
        assert!(found["endless"].ends_with(TRUNCATED));
        let errors = &found["errors"];
        assert!(errors.contains("absent: /nothing/here: "), "{errors}");
        assert!(errors.contains("status.json: "), "{errors}");
    }
}

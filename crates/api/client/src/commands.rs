//! What the commands do.

use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read, Write};

use apiclient::assignment::{self, Assignment};
use apiclient::user_data::{self, Document};
use apiclient::{Client, Error, Layer, uri};
use serde_json::Value;
use settings_model::{json, tree};

use crate::cli::{Cli, Command, Raw};
use crate::failure::Failure;

type Result<T = ()> = std::result::Result<T, Failure>;

/// Does what the command line says; prints data only.
pub fn run(cli: Cli) -> Result {
    let client = Client::new(cli.socket_path);
    let Some(command) = cli.command else {
        return raw(&client, cli.raw);
    };
    if cli.raw.uri.is_some() || cli.raw.method.is_some() || cli.raw.data.is_some() {
        let message = "--uri, --method and --data go with `raw`, or with no command";
        return Err(Failure::Usage(message.to_owned()));
    }
    match command {
        Command::Raw(arguments) => raw(&client, arguments),
        Command::Get { what } => get(&client, &what),
        Command::Set { settings, json } => set(&client, &settings, json.as_deref()),
        Command::Apply { files } => apply(&client, &files),
        Command::Reboot => Ok(client.send("POST", "/actions/reboot", None).map(drop)?),
        Command::Status => print_json(&client.get("/status")?),
    }
}

fn raw(client: &Client, arguments: Raw) -> Result {
    let Some(uri) = arguments.uri else {
        let message = "give a command, or a path with --uri";
        return Err(Failure::Usage(message.to_owned()));
    };
    let method = arguments
        .method
        .unwrap_or_else(|| "GET".to_owned())
        .to_uppercase();
    let response = client.send(&method, &uri, arguments.data.as_deref())?;
    print(response.body)
}

fn get(client: &Client, what: &[String]) -> Result {
    let is_path = |word: &&String| word.starts_with('/');
    match what {
        [path] if is_path(&path) => print_json(&client.get(path)?),
        [] => print_json(&with_prefixes(client, &["settings", "os"])?),
        _ if what.iter().any(|word| is_path(&word)) => Err(Failure::Usage(
            "give one path, or any number of prefixes".to_owned(),
        )),
        prefixes => {
            let found = with_prefixes(client, prefixes)?;
            if found.as_object().is_some_and(|found| found.is_empty())
                && let Some(prefix) = prefixes.iter().find(|p| !p.starts_with("settings"))
            {
                eprintln!("hint: keys are written in full here: `settings.{prefix}`");
            }
            print_json(&found)
        }
    }
}

fn with_prefixes(client: &Client, prefixes: &[impl AsRef<str>]) -> Result<Value> {
    let mut merged = Value::Object(Default::default());
    for prefix in prefixes {
        let part: Value = client.get(&uri("/", &[("prefix", prefix.as_ref())]))?;
        tree::merge(&mut merged, &part);
    }
    Ok(merged)
}

fn set(client: &Client, words: &[String], json: Option<&str>) -> Result {
    let assignments = words
        .iter()
        .map(|word| Assignment::parse(word))
        .collect::<std::result::Result<Vec<_>, _>>()?;
    let settings = match json {
        Some(text) => without_outer_word(json::parse(text.as_bytes())?),
        None => assignment::to_tree(&assignments)?,
    };
    in_transaction(client, "set", |transaction| {
        client
            .patch_settings(&settings, transaction, Layer::Api)
            .map_err(|error| {
                let hint = error.is_refusal().then(|| taken_for_number(&assignments));
                Failure::from(error).or_hint(hint.flatten())
            })
    })
}

/// `{"settings": {…}}` says the same as what is inside.
fn without_outer_word(mut tree: Value) -> Value {
    match tree.as_object_mut() {
        Some(members) if members.len() == 1 && members.contains_key("settings") => {
            members["settings"].take()
        }
        _ => tree,
    }
}

fn taken_for_number(assignments: &[Assignment]) -> Option<String> {
    let text = assignments.iter().find_map(Assignment::as_text)?;
    Some(format!("if text was meant, quote it twice: '{text}'"))
}

fn apply(client: &Client, files: &[String]) -> Result {
    // All are read before the first one is sent.
    let documents = files
        .iter()
        .map(|file| read_document(file))
        .collect::<Result<Vec<_>>>()?;
    in_transaction(client, "apply", |transaction| {
        for document in &documents {
            client
                .patch_settings(document.settings(), transaction, Layer::Api)
                .map_err(|error| match &error {
                    Error::Refused { message, hint, .. } if error.is_refusal() => {
                        Failure::from(document.fault(message.as_str())).or_hint(hint.clone())
                    }
                    _ => error.into(),
                })?;
        }
        Ok(())
    })
}

fn read_document(file: &str) -> Result<Document> {
    let (origin, reader): (_, Box<dyn Read>) = match file.strip_prefix("file://").unwrap_or(file) {
        "-" => ("standard input", Box::new(io::stdin())),
        other if other.contains("://") => {
            let failure = Failure::new(format!(
                "`{other}` cannot be read: only files and standard input can"
            ));
            return Err(failure.or_hint(Some(
                "fetch it, and pipe it to `apiclient apply -`".to_owned(),
            )));
        }
        path => match File::open(path) {
            Ok(file) => (path, Box::new(file)),
            Err(e) => return Err(Failure::new(format!("failed to open {path}: {e}"))),
        },
    };
    let mut bytes = Vec::new();
    reader
        // One more than allowed is enough to see that it is too many.
        .take(user_data::MAX_BYTES as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| Failure::new(format!("failed to read {origin}: {e}")))?;
    Ok(Document::parse(origin, &bytes)?)
}

/// Runs `fill` with the name of a new transaction, then commits and applies
/// it. Nothing stays pending if that goes wrong.
fn in_transaction(client: &Client, what: &str, fill: impl FnOnce(&str) -> Result) -> Result {
    // The keys of a fresh hasher are random: no two clients share a name.
    let random = RandomState::new().hash_one(what);
    let transaction = format!("apiclient-{what}-{random:016x}");
    let result =
        fill(&transaction).and_then(|()| Ok(client.commit_and_apply(&transaction).map(drop)?));
    if result.is_err()
        && let Err(error) = client.drop_transaction(&transaction)
    {
        tracing::debug!(transaction, %error, "the transaction was not dropped");
    }
    result
}

fn print_json(value: &Value) -> Result {
    print(format!("{value:#}").into_bytes())
}

fn print(mut bytes: Vec<u8>) -> Result {
    if bytes.is_empty() {
        return Ok(());
    }
    if !bytes.ends_with(b"\n") {
        bytes.push(b'\n');
    }
    match io::stdout().write_all(&bytes) {
        // Whoever reads has seen enough.
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(|e| Failure::new(format!("failed to write the answer: {e}"))),
    }
}

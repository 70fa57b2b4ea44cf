//! One check, and the ways to make it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use apiclient::Client;
use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Request, Uri, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::process::Command;

/// How long a check may take if nobody says.
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// How long one try may take.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(30);

/// Something that has to work.
#[derive(Debug)]
pub struct Check {
    /// Its name.
    pub name: String,
    /// How to find out.
    pub way: Way,
    /// How long it may take.
    pub timeout: Duration,
}

/// How to find out whether something works.
#[derive(Debug)]
pub enum Way {
    /// The API of the node answers.
    Api(Client),
    /// A systemd unit is active.
    Unit {
        /// Its name.
        unit: String,
        /// The program to ask.
        systemctl: PathBuf,
    },
    /// A server answers with 2xx.
    Url(Uri),
    /// A program ends with 0: its path and its arguments.
    Command(Vec<String>),
}

impl Check {
    pub(crate) fn always(name: &str, way: Way) -> Self {
        Self {
            name: name.to_owned(),
            way,
            timeout: DEFAULT_TIMEOUT,
        }
    }
}

impl Way {
    pub(crate) fn unit(systemctl: &Path, unit: &str) -> Self {
        Self::Unit {
            unit: unit.to_owned(),
            systemctl: systemctl.to_owned(),
        }
    }

    /// Tries once. What does not work is told in a few words.
    pub(crate) async fn attempt(&self) -> Result<(), String> {
        let attempt = async {
            match self {
                Self::Api(client) => ask_api(client.clone()).await,
                Self::Unit { unit, systemctl } => is_active(systemctl, unit).await,
                Self::Url(url) => fetch(url).await,
                Self::Command(words) => run(words).await.map(drop),
            }
        };
        match tokio::time::timeout(ATTEMPT_LIMIT, attempt).await {
            Ok(outcome) => outcome,
            Err(_) => Err(format!("it took longer than {} s", ATTEMPT_LIMIT.as_secs())),
        }
    }
}

async fn ask_api(client: Client) -> Result<(), String> {
    // It has a runtime of its own.
    let asked = tokio::task::spawn_blocking(move || client.send("GET", "/status", None));
    match asked.await {
        Ok(answer) => answer.map(drop).map_err(|e| e.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

async fn is_active(systemctl: &Path, unit: &str) -> Result<(), String> {
    let systemctl = systemctl.to_string_lossy().into_owned();
    let property = "--property=ActiveState";
    let words = [&systemctl, "show", property, "--value", "--", unit];
    let output = run(&words.map(str::to_owned)).await?;
    match output.trim() {
        "active" => Ok(()),
        state => Err(format!("{unit} is {state}")),
    }
}

/// Returns what the program wrote.
async fn run(words: &[String]) -> Result<String, String> {
    let (program, arguments) = words.split_first().ok_or("it names no program")?;
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|e| format!("failed to run {program}: {e}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    let last = errors.trim().lines().last().unwrap_or_default();
    let said = if last.is_empty() { "" } else { ": " };
    Err(format!(
        "{program} ended with {}{said}{last}",
        output.status
    ))
}

async fn fetch(url: &Uri) -> Result<(), String> {
    let authority = url.authority().ok_or("it names no server")?;
    let host = authority.host().trim_matches(['[', ']']);
    let stream = TcpStream::connect((host, authority.port_u16().unwrap_or(80)));
    let stream = stream.await.map_err(|e| format!("{url}: {e}"))?;
    let failed = |e: hyper::Error| format!("{url}: {e}");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(failed)?;
    let connection = tokio::spawn(connection);
    let path = url.path_and_query().map_or("/", |path| path.as_str());
    let request = Request::get(path)
        .header(header::HOST, authority.as_str())
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|e| format!("{url}: {e}"))?;
    let answer = sender.send_request(request).await.map_err(failed);
    connection.abort();
    match answer?.status() {
        status if status.is_success() => Ok(()),
        status => Err(format!("{url} answers {status}")),
    }
}

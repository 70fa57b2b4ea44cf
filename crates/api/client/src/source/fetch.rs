//! Reading a document over HTTP.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use apiclient::user_data::MAX_BYTES;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::{Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use resolver::Resolver;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::proxy::Proxy;
use super::tls;
use super::url::Url;
use crate::failure::Failure;

/// For the whole of it.
const LIMIT: Duration = Duration::from_secs(60);

/// For one address of the host.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// More redirections than this lead nowhere.
const MAX_REDIRECTS: usize = 5;

const AGENT: &str = concat!("apiclient/", env!("CARGO_PKG_VERSION"));

/// A connection, encrypted or not.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Gets the document at a URL.
pub fn fetch(url: Url) -> Result<Vec<u8>, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(|e| Failure::new(format!("failed to prepare for the network: {e}")))?;
    let name = url.to_string();
    runtime.block_on(async {
        match timeout(LIMIT, follow(url)).await {
            Ok(result) => result,
            Err(_) => Err(Failure::new(format!(
                "{name} was not read within {} s",
                LIMIT.as_secs()
            ))),
        }
    })
}

async fn follow(mut url: Url) -> Result<Vec<u8>, Failure> {
    for _ in 0..=MAX_REDIRECTS {
        let response = get(&url).await?;
        let status = response.status();
        tracing::debug!(%url, status = status.as_u16(), "answered");
        match status {
            StatusCode::OK => return body(&url, response).await,
            StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT => {
                let location = response.headers().get(header::LOCATION);
                let location = location.and_then(|value| value.to_str().ok());
                url = url.redirected(location.unwrap_or_default())?;
            }
            _ => {
                return Err(Failure::new(format!(
                    "{url} was answered with status {status}"
                )));
            }
        }
    }
    Err(Failure::new(format!(
        "{url} was reached over {MAX_REDIRECTS} redirections, and is one itself"
    )))
}

async fn get(url: &Url) -> Result<Response<Incoming>, Failure> {
    let stream = connect(url).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|e| broken(url, &e))?;
    tokio::spawn(connection);
    let request = Request::get(&url.path_and_query)
        .header(header::HOST, url.authority())
        .header(header::USER_AGENT, AGENT)
        .header(header::ACCEPT, "*/*")
        .body(Empty::<Bytes>::new())
        .map_err(|e| broken(url, &e))?;
    sender
        .send_request(request)
        .await
        .map_err(|e| broken(url, &e))
}

async fn body(url: &Url, response: Response<Incoming>) -> Result<Vec<u8>, Failure> {
    let body = Limited::new(response.into_body(), MAX_BYTES)
        .collect()
        .await;
    Ok(body.map_err(|e| broken(url, &*e))?.to_bytes().to_vec())
}

async fn connect(url: &Url) -> Result<Box<dyn Stream>, Failure> {
    let stream = match Proxy::for_url(url)? {
        Some(proxy) => tunnel(&proxy, url).await?,
        None => Box::new(dial(url).await?),
    };
    if !url.is_https {
        return Ok(stream);
    }
    Ok(Box::new(tls::connect(stream, &url.host).await?))
}

/// A connection to the host of a URL, at the first address that answers.
async fn addresses(host: &str) -> Result<Vec<IpAddr>, resolver::Error> {
    Resolver::of_system()?.addresses(host).await
}

async fn dial(url: &Url) -> Result<TcpStream, Failure> {
    let addresses = match url.host.parse::<IpAddr>() {
        Ok(address) => vec![address],
        Err(_) => addresses(&url.host)
            .await
            .map_err(|e| Failure::new(e.to_string()))?,
    };
    let mut last = "it has no address".to_owned();
    for address in addresses {
        let address = SocketAddr::new(address, url.port);
        match timeout(CONNECT_LIMIT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last = format!("{address}: {error}"),
            Err(_) => last = format!("{address}: no answer within {} s", CONNECT_LIMIT.as_secs()),
        }
    }
    Err(Failure::new(format!(
        "failed to connect to {}: {last}",
        url.host
    )))
}

/// A connection to the host of a URL that a proxy passes on.
async fn tunnel(proxy: &Proxy, url: &Url) -> Result<Box<dyn Stream>, Failure> {
    let stream = dial(&proxy.url).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|e| broken(&proxy.url, &e))?;
    tokio::spawn(connection.with_upgrades());
    let target = url.host_and_port();
    let mut request = Request::connect(&target).header(header::HOST, &target);
    if let Some(authorization) = &proxy.authorization {
        request = request.header(header::PROXY_AUTHORIZATION, authorization);
    }
    let request = request
        .body(Empty::<Bytes>::new())
        .map_err(|e| broken(&proxy.url, &e))?;
    let response = sender
        .send_request(request)
        .await
        .map_err(|e| broken(&proxy.url, &e))?;
    if !response.status().is_success() {
        return Err(Failure::new(format!(
            "the proxy {} does not connect to {target}: status {}",
            proxy.url,
            response.status()
        )));
    }
    let upgraded = hyper::upgrade::on(response)
        .await
        .map_err(|e| broken(&proxy.url, &e))?;
    Ok(Box::new(TokioIo::new(upgraded)))
}

fn broken(url: &Url, error: &dyn std::error::Error) -> Failure {
    let mut text = format!("failed to read {url}: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    Failure::new(text)
}

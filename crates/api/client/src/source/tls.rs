//! Encrypted connections, to servers that the system's certificates vouch for.

use std::sync::Arc;

use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::fetch::Stream;
use crate::failure::Failure;

/// Encrypts a connection to `host`, and makes sure that it is that host.
pub async fn connect(
    stream: Box<dyn Stream>,
    host: &str,
) -> Result<TlsStream<Box<dyn Stream>>, Failure> {
    let name = ServerName::try_from(host.to_owned())
        .map_err(|e| Failure::new(format!("`{host}` is not the name of a host: {e}")))?;
    let connector = TlsConnector::from(Arc::new(configuration()?));
    connector.connect(name, stream).await.map_err(|e| {
        Failure::new(format!(
            "failed to set up an encrypted connection to {host}: {e}"
        ))
    })
}

fn configuration() -> Result<ClientConfig, Failure> {
    // SSL_CERT_FILE and SSL_CERT_DIR, else where distributions keep them.
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (usable, _) = roots.add_parsable_certificates(found.certs);
    if usable == 0 {
        let reason = found.errors.first().map(|e| format!(": {e}"));
        let message = "no certificates of authorities were found on this system";
        return Err(
            Failure::new(format!("{message}{}", reason.unwrap_or_default())).or_hint(Some(
                "SSL_CERT_FILE or SSL_CERT_DIR may name others than /etc/ssl/certs".to_owned(),
            )),
        );
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| Failure::new(format!("failed to prepare for encryption: {e}")))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

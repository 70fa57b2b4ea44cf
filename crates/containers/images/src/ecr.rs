//! Amazon ECR: registries that give who they know a password.

use amazon::{Credentials, Registry};
use oci_client::secrets::RegistryAuth;

use crate::Error;
use crate::registry::Source;

/// Finds out what a source that is of ECR wants to be told, unless settings say it.
pub(crate) async fn authorize(source: &mut Source) -> Result<(), Error> {
    let Some(registry) = Registry::parse(source.image.resolve_registry()) else {
        return Ok(());
    };
    if !matches!(source.auth, RegistryAuth::Anonymous) {
        return Ok(());
    }
    let asked = async { registry.password(&Credentials::find().await?).await };
    let given = asked.await.map_err(|e| Error::Settings(e.to_string()))?;
    source.auth = RegistryAuth::Basic(given.username, given.password);
    Ok(())
}

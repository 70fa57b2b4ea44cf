//! `settings.pki`: certificate authorities.

use super::group;
use crate::CertificateBundle;

group! {
    /// Certificates of authorities that the node may trust.
    CertificateAuthority {
        /// Certificates in PEM form, in base64.
        data: CertificateBundle,
        /// Whether the node's programs trust them, beside the public
        /// authorities. Unset means no.
        trusted: bool,
    }
}

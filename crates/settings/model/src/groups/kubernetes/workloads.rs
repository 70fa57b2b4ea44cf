//! What runs on the node, and with which credentials.

use std::collections::BTreeMap;

use crate::groups::group;
use crate::{Base64, GoDuration, SingleLineString};

group! {
    /// A pod that the kubelet runs without being told by the API server.
    StaticPod {
        /// Whether it runs. Unset means no.
        enabled: bool,
        /// Its manifest (YAML or JSON), in base64.
        manifest: Base64,
    }
}

group! {
    /// A program that gives the kubelet credentials for registries.
    CredentialProvider {
        /// Whether it is asked. Unset means no.
        enabled: bool,
        /// For which images it is asked: patterns such as
        /// `*.dkr.ecr.us-west-2.amazonaws.com`.
        image_patterns: Vec<SingleLineString>,
        /// How long its answers are used again unless they say so themselves.
        /// Unset means `12h`.
        cache_duration: GoDuration,
        /// Environment variables for it, by name.
        #[schemars(extend("x-name" = "variable"))]
        environment: BTreeMap<SingleLineString, SingleLineString>,
    }
}

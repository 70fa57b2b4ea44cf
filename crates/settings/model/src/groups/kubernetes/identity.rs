//! Who the node is in the cluster.

use crate::values::choice;

choice! {
    /// How the kubelet proves to the API server who it is.
    AuthenticationMode {
        /// With the role of its EC2 instance.
        Aws = "aws",
        /// With a certificate.
        Tls = "tls",
    }
}

choice! {
    /// Who tells the cluster about the machine below the node.
    CloudProvider {
        /// Nobody. May also be written as two double quotes.
        #[serde(alias = "\"\"")]
        None = "",
        /// The kubelet, as far as its version still knows AWS.
        Aws = "aws",
        /// A cloud controller in the cluster.
        External = "external",
    }
}

choice! {
    /// Where the name of the node comes from on AWS.
    HostnameOverrideSource {
        /// The private DNS name of the instance.
        PrivateDnsName = "private-dns-name",
        /// The id of the instance.
        InstanceId = "instance-id",
    }
}

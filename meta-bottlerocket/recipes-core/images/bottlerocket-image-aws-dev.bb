SUMMARY = "Image for Amazon EC2, for development"
DESCRIPTION = "The full settings API, no orchestrator, and a channel for tests that \
production variants lack."
LICENSE = "Apache-2.0 | MIT"

BOTTLEROCKET_VARIANT = "aws-dev"
IMAGE_INSTALL = " \
    packagegroup-bottlerocket-base \
    packagegroup-bottlerocket-aws \
    packagegroup-bottlerocket-data-disk \
    packagegroup-bottlerocket-containerd \
    packagegroup-bottlerocket-development \
    bottlerocket-selinux-policy-${BOTTLEROCKET_VARIANT} \
"

inherit bottlerocket-image

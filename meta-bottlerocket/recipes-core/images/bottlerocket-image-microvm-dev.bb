SUMMARY = "Image for machines without firmware, for development"
DESCRIPTION = "The full settings API, no orchestrator, and a channel for tests that \
production variants lack. The kernel is loaded from outside."
LICENSE = "Apache-2.0 | MIT"

BOTTLEROCKET_VARIANT = "microvm-dev"
BOTTLEROCKET_CONTAINERS = "control"
IMAGE_INSTALL = " \
    packagegroup-bottlerocket-base \
    packagegroup-bottlerocket-containerd \
    packagegroup-bottlerocket-development \
    bottlerocket-selinux-policy-${BOTTLEROCKET_VARIANT} \
"

inherit bottlerocket-image

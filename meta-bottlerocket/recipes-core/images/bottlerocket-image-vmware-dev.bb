SUMMARY = "Image for VMware, for development"
DESCRIPTION = "The full settings API, no orchestrator, and a channel for tests that \
production variants lack."
LICENSE = "Apache-2.0 | MIT"

BOTTLEROCKET_VARIANT = "vmware-dev"
BOTTLEROCKET_CONTAINERS = "admin control"
IMAGE_INSTALL = " \
    packagegroup-bottlerocket-base \
    packagegroup-bottlerocket-containerd \
    packagegroup-bottlerocket-development \
    bottlerocket-selinux-policy-${BOTTLEROCKET_VARIANT} \
"

inherit bottlerocket-image

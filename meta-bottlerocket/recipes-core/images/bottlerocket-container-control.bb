SUMMARY = "The control container: the way to the API of a node from afar"
DESCRIPTION = "A shell for `apiclient exec`, and room for the agent of a fleet."
LICENSE = "Apache-2.0 | MIT"

BOTTLEROCKET_CONTAINER = "control"
IMAGE_INSTALL = " \
    busybox \
    container-tools \
"

inherit bottlerocket-container

SUMMARY = "Image without any service of ours, not for use"
DESCRIPTION = "What a boot costs at least: benchmarks compare the other images with it."
LICENSE = "Apache-2.0 | MIT"

BOTTLEROCKET_VARIANT = "floor"
IMAGE_INSTALL = " \
    packagegroup-bottlerocket-base \
    packagegroup-bottlerocket-floor \
    bottlerocket-selinux-policy-${BOTTLEROCKET_VARIANT} \
"

inherit bottlerocket-image

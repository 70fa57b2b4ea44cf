SUMMARY = "Image for container instances of Amazon ECS"
DESCRIPTION = "The agent of ECS and Docker's engine, configured through the settings API. \
Nothing in it is for development."
LICENSE = "Apache-2.0 | MIT"

BOTTLEROCKET_VARIANT = "aws-ecs"
IMAGE_INSTALL = " \
    packagegroup-bottlerocket-base \
    packagegroup-bottlerocket-aws \
    packagegroup-bottlerocket-data-disk \
    packagegroup-bottlerocket-containerd \
    packagegroup-bottlerocket-docker \
    packagegroup-bottlerocket-ecs \
    bottlerocket-selinux-policy-${BOTTLEROCKET_VARIANT} \
"

inherit bottlerocket-image

SUMMARY = "Image for nodes of Kubernetes on Amazon EC2"
DESCRIPTION = "kubelet and containerd, configured through the settings API. Nothing in \
it is for development."
LICENSE = "Apache-2.0 | MIT"

BOTTLEROCKET_VARIANT = "aws-k8s"
IMAGE_INSTALL = " \
    packagegroup-bottlerocket-base \
    packagegroup-bottlerocket-aws \
    packagegroup-bottlerocket-data-disk \
    packagegroup-bottlerocket-containerd \
    packagegroup-bottlerocket-cni \
    packagegroup-bottlerocket-kubernetes \
    packagegroup-bottlerocket-kubernetes-aws \
    bottlerocket-selinux-policy-${BOTTLEROCKET_VARIANT} \
"

inherit bottlerocket-image

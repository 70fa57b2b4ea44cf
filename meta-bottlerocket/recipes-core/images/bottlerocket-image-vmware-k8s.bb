SUMMARY = "Image for nodes of Kubernetes on VMware"
DESCRIPTION = "kubelet and containerd, configured through the settings API. Nothing in \
it is for development."
LICENSE = "Apache-2.0 | MIT"

BOTTLEROCKET_VARIANT = "vmware-k8s"
BOTTLEROCKET_CONTAINERS = "admin control"
IMAGE_INSTALL = " \
    packagegroup-bottlerocket-base \
    packagegroup-bottlerocket-containerd \
    packagegroup-bottlerocket-cni \
    packagegroup-bottlerocket-kubernetes \
    bottlerocket-selinux-policy-${BOTTLEROCKET_VARIANT} \
"

inherit bottlerocket-image

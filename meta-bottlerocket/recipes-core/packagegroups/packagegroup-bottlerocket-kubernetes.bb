SUMMARY = "The agent of Kubernetes"
DESCRIPTION = "kubelet, with its settings as units and templates."

# Programs are of an architecture.
PACKAGE_ARCH = "${TUNE_PKGARCH}"
inherit packagegroup

RDEPENDS:${PN} = " \
    bottlerocket-applets \
    bottlerocket-rootfs-kubernetes \
    kubelet \
"

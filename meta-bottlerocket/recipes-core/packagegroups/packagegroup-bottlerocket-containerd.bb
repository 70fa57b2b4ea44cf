SUMMARY = "The runtime of the orchestrator's containers"
DESCRIPTION = "containerd, with its settings as units and templates; runc is in the base."

# Programs are of an architecture.
PACKAGE_ARCH = "${TUNE_PKGARCH}"
inherit packagegroup

RDEPENDS:${PN} = " \
    bottlerocket-rootfs-containerd \
    containerd \
"

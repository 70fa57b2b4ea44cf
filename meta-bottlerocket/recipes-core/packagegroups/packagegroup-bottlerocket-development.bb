SUMMARY = "A channel over which tests and workstations reach the node"
DESCRIPTION = "For development variants alone: who reaches it can run any program there."

# Programs are of an architecture.
PACKAGE_ARCH = "${TUNE_PKGARCH}"
inherit packagegroup

RDEPENDS:${PN} = " \
    bottlerocket-rootfs-development \
    dev-agent \
"

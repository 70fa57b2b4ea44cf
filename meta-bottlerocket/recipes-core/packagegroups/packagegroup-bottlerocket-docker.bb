SUMMARY = "Docker's engine"
DESCRIPTION = "The engine with its settings as units and templates, and what makes its networks."

# Programs are of an architecture.
PACKAGE_ARCH = "${TUNE_PKGARCH}"
inherit packagegroup

RDEPENDS:${PN} = " \
    bottlerocket-rootfs-docker \
    docker-moby \
    iptables \
    iptables-modules \
    tini \
"

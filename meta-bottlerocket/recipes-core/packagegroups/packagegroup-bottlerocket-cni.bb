SUMMARY = "The network of pods"
DESCRIPTION = "The standard plugins of the Container Network Interface, and what they \
filter and translate addresses with."

# Programs are of an architecture.
PACKAGE_ARCH = "${TUNE_PKGARCH}"
inherit packagegroup

RDEPENDS:${PN} = " \
    bottlerocket-rootfs-cni \
    cni \
    iptables \
    iptables-modules \
"

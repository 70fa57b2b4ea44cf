SUMMARY = "Takes the services of the base away, for measurements"
DESCRIPTION = "What remains is what a boot costs at least; scripts/bench compares with it."

inherit packagegroup

RDEPENDS:${PN} = "bottlerocket-rootfs-floor"

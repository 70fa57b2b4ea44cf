SUMMARY = "What nodes on Amazon EC2 have beside the base"
DESCRIPTION = "Where settings put what Amazon's tools look for."

inherit packagegroup

RDEPENDS:${PN} = "bottlerocket-rootfs-aws"

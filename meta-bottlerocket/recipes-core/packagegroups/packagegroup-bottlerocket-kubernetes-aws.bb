SUMMARY = "What nodes of Amazon EKS have beside kubelet"
DESCRIPTION = "Tokens of clusters and passwords of registries, for who the node is."

# Programs are of an architecture.
PACKAGE_ARCH = "${TUNE_PKGARCH}"
inherit packagegroup

RDEPENDS:${PN} = "bottlerocket-applets"

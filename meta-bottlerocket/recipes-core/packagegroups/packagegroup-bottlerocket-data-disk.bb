SUMMARY = "Data on another disk than the system's"
DESCRIPTION = "Finds the disk for data, and makes DATA on it."

# Programs are of an architecture.
PACKAGE_ARCH = "${TUNE_PKGARCH}"
inherit packagegroup

RDEPENDS:${PN} = " \
    bottlerocket-applets \
    bottlerocket-rootfs-data-disk \
"

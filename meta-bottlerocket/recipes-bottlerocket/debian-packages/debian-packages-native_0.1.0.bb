SUMMARY = "Debian packages, pinned: those of images, and the tools that make them"
DESCRIPTION = "In place of what BitBake would build from source, see bottlerocket-base-debian."

inherit bottlerocket-source native

DEPENDS += "image-builder-native"

BOTTLEROCKET_FILES = "conf/debian conf/variants"

do_configure[noexec] = "1"

# They are verified by the hashes of the lock file, and kept between builds.
# nooelint: oelint.task.network
do_compile[network] = "1"
do_compile() {
    # apt has a state of its own here; where it finds packages is the host's.
    for group in tools os; do
        image-builder --source ${S} --cache ${BOTTLEROCKET_DEBIAN_CACHE} packages $group
    done
}

do_install() {
    install -d ${D}${datadir}/bottlerocket
    install -m 0644 ${S}/conf/debian/*.lock ${D}${datadir}/bottlerocket/
}

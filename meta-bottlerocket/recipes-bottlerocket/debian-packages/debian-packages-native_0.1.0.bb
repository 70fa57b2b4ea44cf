SUMMARY = "Debian packages, pinned: those of images, and the tools that make them"
DESCRIPTION = "In place of what BitBake would build from source, see bottlerocket-base-debian."

inherit bottlerocket-source native

BOTTLEROCKET_FILES = "conf/debian conf/variants"

# Fetched by apt, with a state of its own, from where the host's finds packages;
# verified by the hashes of the lock file, and kept between builds. A fetching
# task has no sysroot yet: the program is run from where it was built.
do_fetch[depends] += "image-builder-native:do_populate_sysroot"
do_fetch[postfuncs] += "debian_packages_fetch"
debian_packages_fetch() {
    for group in tools os container-admin container-control; do
        ${COMPONENTS_DIR}/${BUILD_ARCH}/image-builder-native${bindir_native}/image-builder \
            --source ${BOTTLEROCKET_SOURCE} --cache ${BOTTLEROCKET_DEBIAN_CACHE} packages $group
    done
}
debian_packages_fetch[vardepsexclude] = "BOTTLEROCKET_SOURCE BOTTLEROCKET_DEBIAN_CACHE COMPONENTS_DIR"

do_configure[noexec] = "1"
do_compile[noexec] = "1"

do_install() {
    install -d ${D}${datadir}/bottlerocket
    install -m 0644 ${S}/conf/debian/*.lock ${D}${datadir}/bottlerocket/
}

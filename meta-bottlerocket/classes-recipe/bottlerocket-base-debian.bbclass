# Third-party files of an image come from Debian packages, pinned in
# conf/debian; programs, policy and files of ours come from native recipes.
# For bottlerocket-image, which says how it is used.
#
# It builds an image in minutes, on machines that build nothing from source.

inherit deploy nopackages

LICENSE ?= "MIT"
INHIBIT_DEFAULT_DEPS = "1"
DEPENDS += " \
    ${BOTTLEROCKET_DEPENDS} \
    bottlerocket-applets-native \
    bottlerocket-rootfs-native \
    bottlerocket-selinux-policy-native \
    bottlerocket-static-native \
"
PACKAGE_ARCH = "${MACHINE_ARCH}"

do_configure[noexec] = "1"
do_install[noexec] = "1"
deltask do_populate_sysroot

do_compile() {
    for name in ${BOTTLEROCKET_CONTAINERS}; do
        SOURCE_DATE_EPOCH=${BOTTLEROCKET_EPOCH} image-builder container $name \
            --source ${STAGING_DATADIR_NATIVE}/bottlerocket \
            --arch ${TARGET_ARCH} \
            --packages ${BOTTLEROCKET_DEBIAN_CACHE}/${TARGET_ARCH}/container-$name \
            --first-party ${STAGING_DIR_NATIVE}${prefix_native} \
            --output ${WORKDIR}/containers
    done
    bottlerocket_assemble \
        --debian \
        --packages ${BOTTLEROCKET_DEBIAN_CACHE}/${TARGET_ARCH}/os \
        --first-party ${STAGING_DIR_NATIVE}${prefix_native}
}

do_compile[file-checksums] += "${BOTTLEROCKET_UPDATE_ROOT_CHECKSUM} ${BOTTLEROCKET_EXTERNAL_CHECKSUM}"

do_deploy() {
    bottlerocket_place ${DEPLOYDIR}
    ln -sf ${IMAGE_NAME}.img ${DEPLOYDIR}/${IMAGE_LINK_NAME}.img
}
do_deploy[postfuncs] += "bottlerocket_deploy_testdata"
addtask deploy after do_compile before do_build

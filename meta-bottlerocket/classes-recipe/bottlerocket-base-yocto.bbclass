# Third-party files of an image come from packages that BitBake made.
# For bottlerocket-image, which says how it is used.

inherit image

IMAGE_FSTYPES = "img"
IMAGE_FEATURES = "read-only-rootfs stateless-rootfs"
IMAGE_LINGUAS = ""
# An image has what it lists, not what packages would like beside them.
NO_RECOMMENDATIONS = "1"

# Where modules that are loaded on demand come from.
IMAGE_INSTALL:append = " kernel-base kernel-modules"

IMAGE_CMD:img () {
    rm -rf ${WORKDIR}/containers
    install -d ${WORKDIR}/containers
    for name in ${BOTTLEROCKET_CONTAINERS}; do
        cp ${DEPLOY_DIR_IMAGE}/bottlerocket-$name.tar ${WORKDIR}/containers/
    done
    bottlerocket_assemble \
        --packages ${IMAGE_ROOTFS} \
        --first-party ${IMAGE_ROOTFS}${prefix} \
        --kernel ${DEPLOY_DIR_IMAGE}/${KERNEL_IMAGETYPE} \
        --kernel-config ${DEPLOY_DIR_IMAGE}/kernel-config \
        --efi ${DEPLOY_DIR_IMAGE}
    bottlerocket_place ${IMGDEPLOYDIR}
}
# nooelint: oelint.vars.specific
SPDX_IMAGE_PURPOSE:img = "diskImage"
do_image_img[depends] += " \
    ${@' '.join('%s:do_populate_sysroot' % recipe for recipe in d.getVar('BOTTLEROCKET_DEPENDS').split())} \
    systemd-boot:do_deploy \
    virtual/kernel:do_deploy \
    ${@' '.join('bottlerocket-container-%s:do_image_complete' % name for name in d.getVar('BOTTLEROCKET_CONTAINERS').split())} \
"
do_image_img[vardeps] += "BOTTLEROCKET_VARIANT"
do_image_img[file-checksums] += "${BOTTLEROCKET_UPDATE_ROOT_CHECKSUM} ${BOTTLEROCKET_EXTERNAL_CHECKSUM}"

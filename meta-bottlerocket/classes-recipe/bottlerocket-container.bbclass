# Makes the image of a host container, which nodes carry: an archive (OCI Image Layout).
#
#   IMAGE_INSTALL = "busybox container-tools"
#   BOTTLEROCKET_CONTAINER = "control"        a file of conf/containers
#   inherit bottlerocket-container
#
# image-builder takes the files that the definition lists, and what they need, from
# the root file system of the packages. Deployed is bottlerocket-NAME.tar.

inherit image

IMAGE_FSTYPES = "ociarchive"
IMAGE_FEATURES = ""
IMAGE_LINGUAS = ""
NO_RECOMMENDATIONS = "1"
SOURCE_DATE_EPOCH = "${BOTTLEROCKET_EPOCH}"

IMAGE_CMD:ociarchive () {
    SOURCE_DATE_EPOCH=${BOTTLEROCKET_EPOCH} image-builder container ${BOTTLEROCKET_CONTAINER} \
        --source ${STAGING_DATADIR_NATIVE}/bottlerocket \
        --arch ${TARGET_ARCH} \
        --packages ${IMAGE_ROOTFS} \
        --first-party ${IMAGE_ROOTFS}${prefix} \
        --output ${IMGDEPLOYDIR}
}
# nooelint: oelint.vars.specific
SPDX_IMAGE_PURPOSE:ociarchive = "container"
do_image_ociarchive[depends] += " \
    bottlerocket-conf-native:do_populate_sysroot \
    image-builder-native:do_populate_sysroot \
"
do_image_ociarchive[vardeps] += "BOTTLEROCKET_CONTAINER"

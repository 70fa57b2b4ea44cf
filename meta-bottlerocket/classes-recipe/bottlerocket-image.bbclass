# Makes the image of a variant: the root file system as EROFS with its labels,
# the dm-verity hash tree, the unified kernel image, the partitioned disk.
#
#   IMAGE_INSTALL = "packagegroup-bottlerocket-base"
#   BOTTLEROCKET_VARIANT = "metal-dev"        a file of conf/variants
#   BOTTLEROCKET_CONTAINERS = "admin control"     host containers whose images it
#                                             carries, as conf/variants says
#   BOTTLEROCKET_UPDATE_ROOT = "FILE"         root of trust (root.json) of the
#                                             repository that updates come from
#   BOTTLEROCKET_EXTERNAL = "kubelet=FILE"    programs that Debian does not have, where
#                                             its packages are taken
#   inherit bottlerocket-image
#
# image-builder does all of it, from the same definition as without BitBake: it
# takes the files that the software sets of the variant list, lays our own over
# them, audits the result and assembles the disk. BOTTLEROCKET_BASE says where
# the files of others come from: "yocto" packages, or "debian" ones.
#
# Deployed are the disk, ${IMAGE_LINK_NAME}.img, and the folder
# ${IMAGE_LINK_NAME} with everything it consists of.

inherit image-artifact-names

BOTTLEROCKET_BASE ?= "yocto"
inherit bottlerocket-base-${BOTTLEROCKET_BASE} bottlerocket-testimage

# Packages are not part of the name: an image has one root file system.
IMAGE_NAME_SUFFIX = ""

SOURCE_DATE_EPOCH = "${BOTTLEROCKET_EPOCH}"

# Compressed, as for a release. "0" saves time while developing.
BOTTLEROCKET_COMPRESS ?= "1"

BOTTLEROCKET_CONTAINERS ?= ""

# Without one, nodes take no updates.
BOTTLEROCKET_UPDATE_ROOT ?= ""
# For the checksums of the task that reads it.
BOTTLEROCKET_UPDATE_ROOT_CHECKSUM = "${@d.getVar('BOTTLEROCKET_UPDATE_ROOT') + ':True' if d.getVar('BOTTLEROCKET_UPDATE_ROOT') else ''}"

BOTTLEROCKET_EXTERNAL ?= ""
BOTTLEROCKET_EXTERNAL_CHECKSUM = "${@' '.join(word.split('=', 1)[1] + ':True' for word in d.getVar('BOTTLEROCKET_EXTERNAL').split())}"

# The programs that image-builder runs come from native recipes by default.
BOTTLEROCKET_IMAGE_TOOLS ?= " \
    cryptsetup-native \
    erofs-utils-native \
    kmod-native \
    mtools-native \
    zstd-native \
"
BOTTLEROCKET_DEPENDS = "image-builder-native bottlerocket-conf-native ${BOTTLEROCKET_IMAGE_TOOLS}"

# bottlerocket_assemble OPTION...: where the files of others and ours are.
bottlerocket_assemble() {
    rm -rf ${WORKDIR}/image
    SOURCE_DATE_EPOCH=${BOTTLEROCKET_EPOCH} image-builder assemble \
        --source ${STAGING_DATADIR_NATIVE}/bottlerocket \
        --variant ${BOTTLEROCKET_VARIANT} \
        --arch ${TARGET_ARCH} \
        --build-id ${BOTTLEROCKET_BUILD_ID} \
        ${@'--release' if d.getVar('BOTTLEROCKET_COMPRESS') == '1' else ''} \
        ${@'--update-root ' + d.getVar('BOTTLEROCKET_UPDATE_ROOT') if d.getVar('BOTTLEROCKET_UPDATE_ROOT') else ''} \
        ${@' '.join('--external ' + word for word in d.getVar('BOTTLEROCKET_EXTERNAL').split())} \
        --containers ${WORKDIR}/containers \
        --output ${WORKDIR}/image \
        "$@"
    # Both are in the file system and the initramfs now.
    rm -rf ${WORKDIR}/image/root ${WORKDIR}/image/modules
}

# bottlerocket_place FOLDER: puts the artefacts into a folder that is deployed.
bottlerocket_place() {
    rm -rf $1/${IMAGE_LINK_NAME}
    cp -R --sparse=always ${WORKDIR}/image $1/${IMAGE_LINK_NAME}
    ln -f $1/${IMAGE_LINK_NAME}/bottlerocket-${BOTTLEROCKET_VARIANT}-${TARGET_ARCH}.img $1/${IMAGE_NAME}.img
}

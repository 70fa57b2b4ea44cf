SUMMARY = "Units, tmpfiles and other files that are laid over the root file system"
DESCRIPTION = "One folder for each software set. Some replace files of packages, which \
no package may do: image-builder lays them over the root of the image."

inherit bottlerocket-source allarch

BOTTLEROCKET_FILES = "conf/rootfs"

do_configure[noexec] = "1"
do_compile[noexec] = "1"

do_install() {
    install -d ${D}${datadir}/bottlerocket/rootfs
    cp -R --no-dereference --preserve=mode,links ${S}/conf/rootfs/. ${D}${datadir}/bottlerocket/rootfs/
}

BOTTLEROCKET_SETS = "aws base cni containerd data-disk development docker ecs floor kubernetes"
PACKAGE_BEFORE_PN = "${@' '.join('${PN}-' + set for set in d.getVar('BOTTLEROCKET_SETS').split())}"

python __anonymous() {
    for name in d.getVar('BOTTLEROCKET_SETS').split():
        d.setVar('FILES:%s-%s' % (d.getVar('PN'), name), '${datadir}/bottlerocket/rootfs/%s' % name)
}

# Units name programs of other packages, and wants-links lead to their units:
# that is for the image to check, which has both.
BBCLASSEXTEND = "native"

SUMMARY = "SELinux policy of the system, compiled for each variant"
DESCRIPTION = "A variant's policy has no rules for software sets it does not have."

inherit bottlerocket-source allarch

DEPENDS += "${BOTTLEROCKET_POLICY_TOOLS} image-builder-native"
# What image-builder compiles policies with.
BOTTLEROCKET_POLICY_TOOLS ?= "secilc-native"

BOTTLEROCKET_FILES = " \
    conf/selinux \
    conf/software \
    conf/variants \
"

do_configure[noexec] = "1"

do_compile() {
    for variant in ${BOTTLEROCKET_VARIANTS}; do
        rm -rf ${B}/policies/$variant
        image-builder --source ${S} policy --variant $variant --output ${B}/policies/$variant
    done
}

do_install() {
    install -d ${D}${datadir}/bottlerocket/selinux
    cp -R --no-dereference --preserve=mode,links ${B}/policies/. ${D}${datadir}/bottlerocket/selinux/
}

PACKAGE_BEFORE_PN = "${@' '.join('${PN}-' + variant for variant in d.getVar('BOTTLEROCKET_VARIANTS').split())}"

python __anonymous() {
    for name in d.getVar('BOTTLEROCKET_VARIANTS').split():
        d.setVar('FILES:%s-%s' % (d.getVar('PN'), name), '${datadir}/bottlerocket/selinux/%s' % name)
}

BBCLASSEXTEND = "native"

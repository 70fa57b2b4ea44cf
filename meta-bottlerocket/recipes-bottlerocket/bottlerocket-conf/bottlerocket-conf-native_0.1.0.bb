SUMMARY = "Variants, containers, software sets, kernel modules, for image-builder"
DESCRIPTION = "What a variant is made of, as far as it is no file of the image: what \
image-builder reads when it assembles one."

inherit bottlerocket-source native

BOTTLEROCKET_FILES = " \
    conf/containers \
    conf/kernel \
    conf/parity.toml \
    conf/software \
    conf/variants \
"

do_configure[noexec] = "1"
do_compile[noexec] = "1"

do_install() {
    install -d ${D}${datadir}/bottlerocket
    cp -R --no-dereference --preserve=mode,links ${S}/conf ${D}${datadir}/bottlerocket/
}

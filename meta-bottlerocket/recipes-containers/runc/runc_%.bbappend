# One name for it in all images, whichever builder made them.
do_install:append:bottlerocket() {
    install -d ${D}${sbindir}
    mv ${D}${bindir}/runc ${D}${sbindir}/runc
    rm ${D}${bindir}/docker-runc
}

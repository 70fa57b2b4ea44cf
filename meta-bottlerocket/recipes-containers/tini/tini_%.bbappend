# One name for it in all images, whichever builder made them.
do_install:append:bottlerocket() {
    mv ${D}${bindir}/docker-init ${D}${bindir}/tini-static
}

# What starts is declared by the software sets.
SYSTEMD_AUTO_ENABLE:bottlerocket = "disable"

# One name for each in all images, whichever builder made them.
do_install:append:bottlerocket() {
    install -d ${D}${sbindir}
    mv ${D}${bindir}/dockerd ${D}${bindir}/docker-proxy ${D}${sbindir}
}

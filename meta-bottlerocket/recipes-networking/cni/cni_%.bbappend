# One place for the plugins in all images, whichever builder made them; /etc and /opt are
# made on the node. cnitool is for trials.
do_install:append:bottlerocket() {
    rm -rf ${D}/opt ${D}${sysconfdir} ${D}${bindir}
    rm ${D}${libexecdir}/cni/cnitool
    install -d ${D}${nonarch_libdir}
    mv ${D}${libexecdir}/cni ${D}${nonarch_libdir}/cni
    rmdir --ignore-fail-on-non-empty ${D}${libexecdir}
}
FILES:${PN}:append:bottlerocket = " ${nonarch_libdir}/cni"

SUMMARY = "What every image has: systemd, and the settings API"
DESCRIPTION = "Packages whose files conf/software/base.toml lists, and our own."

# Libraries are renamed after their version, which is one of an architecture.
PACKAGE_ARCH = "${TUNE_PKGARCH}"
inherit packagegroup

RDEPENDS:${PN} = " \
    apiclient \
    audit \
    bottlerocket-applets \
    bottlerocket-rootfs-base \
    ca-certificates \
    dbus-broker \
    dbus-common \
    e2fsprogs-mke2fs \
    e2fsprogs-resize2fs \
    initramfs-init \
    install-to-disk \
    kmod \
    libacl \
    libgcc \
    libkmod \
    libnss-systemd \
    libpcre2 \
    libseccomp \
    libselinux \
    libsystemd-shared \
    libzstd \
    runc \
    systemd \
    systemd-networkd \
    systemd-udev-rules \
    udev \
    util-linux-libblkid \
    util-linux-libmount \
    util-linux-mount \
    util-linux-umount \
"

# Only host containers have it. sheltie lends it to the host, where its libraries are
# not: it is static, and one program under one name.
FILESEXTRAPATHS:prepend:bottlerocket := "${THISDIR}/${PN}:"
SRC_URI:append:bottlerocket = " file://bottlerocket.cfg"
BUSYBOX_SPLIT_SUID:bottlerocket = "0"

SUMMARY = "Programs that run where there is no C library, or another one"
DESCRIPTION = "The API client, which is also mounted into containers; what runs in \
host containers; init of the initramfs, and of the installer; and the channel that development variants have for tests."

inherit bottlerocket-workspace

BOTTLEROCKET_PROGRAMS = "apiclient container-tools dev-agent initramfs-init install-to-disk"
BOTTLEROCKET_LINKAGE = "static"

PACKAGE_BEFORE_PN = "apiclient container-tools dev-agent initramfs-init install-to-disk"
FILES:apiclient = "${bindir}/apiclient"
FILES:container-tools = "${bindir}/container-tools"
FILES:dev-agent = "${bindir}/dev-agent"
FILES:initramfs-init = "${bindir}/initramfs-init"
FILES:install-to-disk = "${bindir}/install-to-disk"

BBCLASSEXTEND = "native"

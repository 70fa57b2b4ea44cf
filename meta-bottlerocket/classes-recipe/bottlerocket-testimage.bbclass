# Starts an image in QEMU and looks whether it keeps what is promised. For
# bottlerocket-image, which says how an image is made.
#
#   bitbake bottlerocket-image-metal-dev
#   bitbake -c testimage bottlerocket-image-metal-dev
#
# Nodes have neither a shell nor ssh, so that core's own targets and tests do
# not apply: TEST_TARGET and the tests are those of lib/oeqa, and the image must
# be one of a development variant. TEST_QEMUPARAMS are options of `vm start`,
# such as "--memory 2048"; QEMU_USE_KVM = "" keeps KVM out.

TEST_TARGET = "BottlerocketTarget"
TEST_SUITES = "bottlerocket_boot bottlerocket_api bottlerocket_security"
TEST_QEMUBOOT_TIMEOUT ?= "300"
TEST_QEMUPARAMS ?= "${@'--firmware ${BOTTLEROCKET_FIRMWARE}' if d.getVar('BOTTLEROCKET_FIRMWARE') else ''}"
# What failed is told by the journal and the console, which the target keeps.
TESTIMAGE_FAILED_QA_ARTIFACTS = ""

inherit testimage

# Where QEMU comes from, and the folder of its firmware: without one, it is that
# of the tools in BOTTLEROCKET_TOOLS, or of this machine, as for other than x86.
BOTTLEROCKET_EMULATOR ?= "qemu-system-native:do_populate_sysroot ${@'ovmf:do_deploy' if d.getVar('TARGET_ARCH') == 'x86_64' else ''}"
BOTTLEROCKET_FIRMWARE ?= "${@'${WORKDIR}/firmware' if d.getVar('TARGET_ARCH') == 'x86_64' else ''}"

# In place of what core's targets would need.
do_testimage[depends] = "vm-native:do_populate_sysroot ${BOTTLEROCKET_EMULATOR}"

python do_testimage:prepend() {
    if d.getVar('BOTTLEROCKET_FIRMWARE'):
        bb.build.exec_func('bottlerocket_unpack_firmware', d)
}

# As `vm` looks for it: raw, with the names of Debian's package.
bottlerocket_unpack_firmware() {
    install -d ${BOTTLEROCKET_FIRMWARE}/OVMF
    for part in code:CODE vars:VARS; do
        qemu-img convert -f qcow2 -O raw \
            ${DEPLOY_DIR_IMAGE}/ovmf.${part%:*}.qcow2 \
            ${BOTTLEROCKET_FIRMWARE}/OVMF/OVMF_${part#*:}_4M.fd
    done
}

# What testimage reads beside an image. Core's class `image` writes it; this is
# for images that are made without it.
python bottlerocket_deploy_testdata() {
    import tomllib
    from pathlib import Path

    from oe.data import export2json

    base = '%s/%s' % (d.getVar('DEPLOYDIR'), d.getVar('IMAGE_LINK_NAME'))
    export2json(d, base + '.testdata.json', searchString=d.getVar('TOPDIR') + '/')

    arch = d.getVar('TARGET_ARCH')
    lock = Path(d.getVar('STAGING_DATADIR_NATIVE'), 'bottlerocket', arch + '.lock')
    packages = tomllib.loads(lock.read_text(encoding='utf-8'))['os']['packages']
    lines = ['%s %s %s\n' % (name, arch, entry['version']) for name, entry in packages.items()]
    Path(base + '.manifest').write_text(''.join(lines), encoding='utf-8')
}
bottlerocket_deploy_testdata[vardepsexclude] += "TOPDIR"

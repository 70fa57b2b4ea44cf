require ${@bb.utils.contains('DISTRO', 'bottlerocket', 'linux-yocto-bottlerocket.inc', '', d)}

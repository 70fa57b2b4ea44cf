require ${@bb.utils.contains('DISTRO', 'bottlerocket', 'erofs-utils-bottlerocket.inc', '', d)}

SUMMARY = "The admin container: for those who have to look into a node"
DESCRIPTION = "sshd, debugging tools, and sheltie, which opens a shell on the host."
LICENSE = "Apache-2.0 | MIT"

BOTTLEROCKET_CONTAINER = "admin"
IMAGE_INSTALL = " \
    bash \
    busybox \
    container-tools \
    ethtool \
    iproute2-ip \
    iproute2-ss \
    ncurses-terminfo-base \
    openssh-keygen \
    openssh-scp \
    openssh-sftp-server \
    openssh-ssh \
    openssh-sshd \
    strace \
    tcpdump \
    util-linux-findmnt \
    util-linux-lsblk \
    util-linux-lsns \
    util-linux-nsenter \
"

inherit bottlerocket-container

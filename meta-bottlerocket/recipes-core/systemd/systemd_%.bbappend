# repart makes the writable partitions on the first boot; it needs openssl.
PACKAGECONFIG:append:bottlerocket = " openssl repart"
# What nothing of the image uses, or what a setting of ours replaces.
PACKAGECONFIG:remove:bottlerocket = " \
    backlight \
    binfmt \
    gshadow \
    hibernate \
    hostnamed \
    idn \
    ima \
    localed \
    machined \
    myhostname \
    nss-mymachines \
    nss-resolve \
    osc-context \
    quotacheck \
    serial-getty-generator \
    sysusers \
    timedated \
    userdb \
    utmp \
    vconsole \
    wheel-group \
"

# What starts is declared by the software sets.
SYSTEMD_AUTO_ENABLE:bottlerocket = "disable"

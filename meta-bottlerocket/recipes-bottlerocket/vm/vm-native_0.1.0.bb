SUMMARY = "Runs a node in QEMU and talks to it"
DESCRIPTION = "What testimage and oe-selftest start images with; nothing of an image."

inherit bottlerocket-workspace native

BOTTLEROCKET_PROGRAMS = "vm"
# It waits for QEMU, not for itself.
BOTTLEROCKET_PROFILE = "dev"

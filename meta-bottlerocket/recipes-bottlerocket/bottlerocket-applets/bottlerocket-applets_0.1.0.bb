SUMMARY = "Daemons and helpers of the node, the updater, the runtime of containers"
DESCRIPTION = "Settings API server, first-boot configuration, applier and helpers. \
The image links each applet to the program (conf/software)."

inherit bottlerocket-workspace

# A recipe may not be called like the distribution.
BOTTLEROCKET_PROGRAMS = "bottlerocket bottlerocket-online"

# Bindings to libselinux are made of its headers, which libclang reads.
DEPENDS += "clang-native libselinux"
export LIBCLANG_PATH = "${STAGING_LIBDIR_NATIVE}"
export SELINUX_INCLUDE_DIR = "${STAGING_INCDIR}"
export SELINUX_LIB_DIR = "${STAGING_LIBDIR}"
export SYSROOT = "${STAGING_DIR_HOST}"
# Native compilers have the host's root.
SYSROOT:class-native = "/"

BBCLASSEXTEND = "native"

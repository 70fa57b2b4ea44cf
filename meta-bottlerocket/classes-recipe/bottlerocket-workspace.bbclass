# Builds programs of the Cargo workspace that this layer lies beside.
#
#   inherit bottlerocket-workspace
#   BOTTLEROCKET_PROGRAMS = "apiclient"    programs, named after their packages
#   BOTTLEROCKET_LINKAGE = "static"        "dynamic" (default) or "static"
#   BOTTLEROCKET_PROFILE = "dev"           Cargo profile ("release" by default)
#
# The compiler is the one of meta-rust-bin where that layer is present, else the
# one of openembedded-core. Crates come through `crate://` from Cargo.lock;
# do_compile reaches no network and may not change Cargo.lock.

inherit bottlerocket-source

BOTTLEROCKET_RUST_CLASS ?= "${@bb.utils.contains('BBFILE_COLLECTIONS', 'rust-bin-layer', 'cargo_bin', 'cargo', d)}"
inherit ${BOTTLEROCKET_RUST_CLASS}

BOTTLEROCKET_FILES = " \
    Cargo.toml \
    Cargo.lock \
    conf/settings \
    conf/variants \
    crates \
    tests/Cargo.toml \
    tests/src \
"
require recipes-bottlerocket/workspace-crates.inc

BOTTLEROCKET_PROGRAMS ?= "${BPN}"
BOTTLEROCKET_LINKAGE ?= "dynamic"
BOTTLEROCKET_PROFILE ?= "release"

# Where the crate fetcher puts the crates, and both classes look for Cargo's
# configuration.
CARGO_HOME = "${UNPACKDIR}/cargo_home"

# Packaging strips, and keeps what it took off: enough to read a backtrace. What
# runs here is not debugged.
export CARGO_PROFILE_RELEASE_STRIP = "none"
BOTTLEROCKET_DEBUG_INFO = "1"
BOTTLEROCKET_DEBUG_INFO:class-native = "0"

# Programs name source files in their messages: not where those lay here.
RUSTFLAGS:append = " --remap-path-prefix=${S}=/src --remap-path-prefix=${CARGO_HOME}=/cargo"
RUSTFLAGS:append = "${@' -C target-feature=+crt-static' if d.getVar('BOTTLEROCKET_LINKAGE') == 'static' else ''}"

# No search paths: our programs use no library of the sysroot, and the C library
# does not start a static program that has some.
LDFLAGS:class-native = "-Wl,-O1 -Wl,-z,relro,-z,now"

BOTTLEROCKET_CARGO_FLAGS = "--offline --config profile.release.debug=${BOTTLEROCKET_DEBUG_INFO} ${@' '.join('--package ' + program for program in d.getVar('BOTTLEROCKET_PROGRAMS').split())}"

# meta-rust-bin's class
CARGO_BUILD_PROFILE = "${BOTTLEROCKET_PROFILE}"
# nooelint: oelint.vars.mispell
EXTRA_CARGO_FLAGS = "--frozen ${BOTTLEROCKET_CARGO_FLAGS}"
# core's class, which says --frozen itself
BUILD_MODE = "--profile=${BOTTLEROCKET_PROFILE} ${BOTTLEROCKET_CARGO_FLAGS}"
BUILD_DIR = "${@'debug' if d.getVar('BOTTLEROCKET_PROFILE') == 'dev' else d.getVar('BOTTLEROCKET_PROFILE')}"

BOTTLEROCKET_OUTPUT = "${@d.getVar('CARGO_BINDIR') or d.getVar('B') + '/target/' + d.getVar('CARGO_TARGET_SUBDIR')}"

do_configure:append() {
    # core's class writes this file itself.
    if [ "${BOTTLEROCKET_RUST_CLASS}" = cargo_bin ]; then
        printf '[source.crates-io]\nreplace-with = "bitbake"\n[source.bitbake]\ndirectory = "%s/bitbake"\n' \
            "${CARGO_HOME}" > ${CARGO_HOME}/config.toml
    fi
    # Cargo sees neither the compiler nor the flags behind the wrappers that it
    # runs. What they were used for last time is kept only if they are the same.
    if [ "$(cat ${B}/flags 2>/dev/null)" != "${CC} ${CFLAGS} ${LDFLAGS}" ]; then
        rm -rf ${B}/*
        echo "${CC} ${CFLAGS} ${LDFLAGS}" > ${B}/flags
    fi
}

do_install() {
    for program in ${BOTTLEROCKET_PROGRAMS}; do
        install -D -m 0755 ${BOTTLEROCKET_OUTPUT}/$program ${D}${bindir}/$program
    done
}

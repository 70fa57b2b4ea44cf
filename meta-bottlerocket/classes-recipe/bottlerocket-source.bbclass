# Takes sources from the repository that this layer is part of.
#
#   inherit bottlerocket-source
#   BOTTLEROCKET_FILES = "conf/selinux"
#
# Each path is relative to the top of the repository and lands in ${S} under
# the same path. Files are told apart by content: a tree with changes builds
# them, an unchanged one is taken from sstate.

SECTION ?= "base"
LICENSE = "Apache-2.0 | MIT"
LIC_FILES_CHKSUM = " \
    file://LICENSE-APACHE;md5=3b83ef96387f14655fc854ddc3c6bd57 \
    file://LICENSE-MIT;md5=d9f19f1c5bd0879d00fcfd0444e7a5a5 \
"

FILESEXTRAPATHS:prepend := "${BOTTLEROCKET_SOURCE}:"

BOTTLEROCKET_FILES ?= ""
SRC_URI = "${@' '.join('file://%s;subdir=${BP}' % file for file in ['LICENSE-APACHE', 'LICENSE-MIT'] + d.getVar('BOTTLEROCKET_FILES').split())}"

SOURCE_DATE_EPOCH = "${BOTTLEROCKET_EPOCH}"

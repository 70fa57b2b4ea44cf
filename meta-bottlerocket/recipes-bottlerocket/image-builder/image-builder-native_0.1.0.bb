SUMMARY = "Composes the root file system of an image and assembles its disk"
DESCRIPTION = "The same program makes images on Debian packages; both builds end in it."

inherit bottlerocket-workspace native

BOTTLEROCKET_PROGRAMS = "image-builder"
# It waits for tools, not for itself, and is built more often than it is run.
BOTTLEROCKET_PROFILE = "dev"

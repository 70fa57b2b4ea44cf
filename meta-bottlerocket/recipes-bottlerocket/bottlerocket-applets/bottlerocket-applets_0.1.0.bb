SUMMARY = "Daemons and helpers of the node, in one multi-call program"
DESCRIPTION = "Settings API server, first-boot configuration, applier and helpers. \
The image links each applet to the program (conf/software)."

inherit bottlerocket-workspace

# A recipe may not be called like the distribution.
BOTTLEROCKET_PROGRAMS = "bottlerocket"

BBCLASSEXTEND = "native"

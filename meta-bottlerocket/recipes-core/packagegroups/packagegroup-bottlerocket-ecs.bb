SUMMARY = "The agent of Amazon ECS"
DESCRIPTION = "The agent, with its settings as units and templates."

# Programs are of an architecture.
PACKAGE_ARCH = "${TUNE_PKGARCH}"
inherit packagegroup

RDEPENDS:${PN} = " \
    amazon-ecs-agent \
    bottlerocket-rootfs-ecs \
"

SUMMARY = "Agent of Amazon ECS"
DESCRIPTION = "Takes the tasks of a cluster of Amazon ECS and runs them with Docker's engine."
HOMEPAGE = "https://github.com/aws/amazon-ecs-agent"
BUGTRACKER = "https://github.com/aws/amazon-ecs-agent/issues"
SECTION = "console/network"
CVE_PRODUCT = "amazon:ecs-agent"

LICENSE = "Apache-2.0"
LIC_FILES_CHKSUM = "file://src/import/LICENSE;md5=3b83ef96387f14655fc854ddc3c6bd57"

SRC_URI = "git://github.com/aws/amazon-ecs-agent.git;protocol=https;nobranch=1;destsuffix=${GO_SRCURI_DESTSUFFIX}"
SRCREV = "08583c3f44312c6c6a63bc6bde1bbe44b7f3d2c2"

inherit go goarch

GO_IMPORT = "import"

# What it depends on lies beside it.
do_compile() {
    cd ${S}/src/import/agent
    ${GO} build ${GOBUILDFLAGS} -mod=vendor -buildmode=pie -o ${B}/amazon-ecs-agent .
}

do_install() {
    install -D -m 0755 ${B}/amazon-ecs-agent ${D}${bindir}/amazon-ecs-agent
}

# What is built, and as of when: variables that make builds of the same
# revision the same.

def bottlerocket_git(d, *arguments):
    try:
        return bb.process.run(['git', *arguments], cwd=d.getVar('BOTTLEROCKET_SOURCE'))[0].strip()
    except (bb.process.ExecutionError, bb.process.NotFoundError):
        return ''

# Seconds since 1970 of the last commit; the start of 2026 outside of git.
BOTTLEROCKET_EPOCH ?= "${@bottlerocket_git(d, 'log', '-1', '--format=%ct') or '1767225600'}"
BOTTLEROCKET_BUILD_ID ?= "${@bottlerocket_git(d, 'describe', '--always', '--dirty', '--abbrev=12', '--exclude=*') or 'unknown'}"
BOTTLEROCKET_EPOCH[vardepvalue] = "${BOTTLEROCKET_EPOCH}"
BOTTLEROCKET_BUILD_ID[vardepvalue] = "${BOTTLEROCKET_BUILD_ID}"

SOURCE_DATE_EPOCH = "${BOTTLEROCKET_EPOCH}"

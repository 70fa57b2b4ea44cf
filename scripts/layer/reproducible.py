"""What our recipes install is the same when it is built elsewhere."""

import shutil
from pathlib import Path

from layer import kas_shell
from layer.report import Outcome
from layer.stage import entries

# Recipes whose results are compared between two builds in different folders.
OURS = (
    "bottlerocket-applets-native",
    "bottlerocket-conf-native",
    "bottlerocket-rootfs-native",
    "bottlerocket-selinux-policy-native",
    "bottlerocket-static-native",
)


def check(tree, mirrors, session, features):
    """What our recipes install is the same from another folder, without sstate."""
    outcome = Outcome()
    folder = tree.root / "build/check-layer/build-elsewhere"
    shutil.rmtree(folder, ignore_errors=True)
    other = kas_shell.Session(tree, folder.name, mirrors, sstate=folder / "sstate-cache")
    other.prepare()
    other.shell(features, f"bitbake {' '.join(OURS)}", "recipes")
    files = 0
    for name in OURS:
        one, two = (
            Path(where.folder, "tmp/sysroots-components/x86_64", name, "usr") for where in (session, other)
        )
        files += compare(name, one, two, outcome)
    outcome.facts = f"{files} files of {len(OURS)} recipes, bit for bit"
    return outcome


def compare(name, one, two, outcome):
    first_files, second_files = set(entries(one)), set(entries(two))
    for path in sorted(first_files ^ second_files):
        outcome.find(name, f"/usr/{path} is in one build only")
    for path in sorted(first_files & second_files):
        if content(one / path) != content(two / path):
            outcome.find(
                name,
                f"/usr/{path} differs between two builds in different folders",
                f"diffoscope {one / path} {two / path}",
            )
    if not first_files:
        outcome.find(name, f"installed nothing to compare in {one}")
    return len(first_files)


def content(path):
    return path.readlink() if path.is_symlink() else (path.read_bytes(), path.stat().st_mode)

"""conf/rootfs lies in packages: all of it, byte for byte, and nothing more."""

from layer.report import Outcome
from layer.stage import entries


def check(tree, scratch):
    outcome = Outcome()
    definition = tree.root / "conf/rootfs"
    staged = scratch / "stage/share/bottlerocket/rootfs"
    wanted, found = set(entries(definition)), set(entries(staged))
    for path in sorted(wanted - found):
        outcome.find(f"conf/rootfs/{path}", "no recipe installs it")
    for path in sorted(found - wanted):
        outcome.find(
            f"/usr/share/bottlerocket/rootfs/{path}", "a recipe installs it, and conf/rootfs does not have it"
        )
    for path in sorted(wanted & found):
        if content(definition / path) != content(staged / path):
            outcome.find(f"conf/rootfs/{path}", "what is installed differs from it")
    outcome.facts = f"{len(wanted)} files in {len(list(definition.iterdir()))} sets"
    return outcome


def content(path):
    """What must be the same: a link's target; a file's bytes and whether it runs."""
    if path.is_symlink():
        return path.readlink()
    return path.read_bytes(), path.stat().st_mode & 0o111

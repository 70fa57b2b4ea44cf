"""Each test breaks a copy of the tree in one way, and names the check that must
find it."""

import shutil
import tempfile
import unittest
from pathlib import Path

from layer import bitbake
from layer.report import CheckError
from layer.tree import Tree

ROOT = Path(__file__).parents[3]
COPIED = (
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "conf",
    "crates/image/builder/src/programs.rs",
    "kas.lock.yml",
    "kas.yml",
    "meta-bottlerocket",
)
# In place of image-builder: a policy for each variant.
BUILDER = """#!/bin/sh
while [ $# -gt 0 ]; do [ "$1" = --output ] && output=$2; shift; done
mkdir -p "$output" && echo policy > "$output/policy"
"""


class BrokenTree(unittest.TestCase):
    """A copy of the tree, to be broken."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="check-layer-test-")
        self.addCleanup(folder.cleanup)
        self.scratch = Path(folder.name, "scratch")
        self.scratch.mkdir()
        root = Path(folder.name, "tree")
        for name in COPIED:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, root / name, symlinks=True)
            else:
                shutil.copy2(ROOT / name, root / name)
        self.tree = Tree(root)

    def path(self, name):
        return self.tree.root / name

    def replace(self, name, old, new):
        """Replaces a text of a file, which must be there."""
        text = self.path(name).read_text()
        self.assertIn(old, text, f"{name} has changed: this test no longer breaks it")
        self.path(name).write_text(text.replace(old, new, 1))

    def layer(self):
        # Files are changed within the second by which the library knows them.
        bitbake.bb.parse.BBHandler.cached_statements.clear()
        return bitbake.Layer(self.tree, self.scratch / "bitbake")

    def builder(self):
        program = self.scratch / "programs/image-builder"
        program.parent.mkdir(exist_ok=True)
        program.write_text(BUILDER)
        program.chmod(0o755)
        return program

    def findings(self, check, *arguments):
        try:
            return [str(finding) for finding in check(*arguments).findings]
        except CheckError as error:
            return [str(error.finding)]

    def assert_finds(self, expected, check, *arguments):
        """The check finds exactly one thing, which says what is expected."""
        found = self.findings(check, *arguments)
        self.assertEqual(len(found), 1, f"expected one finding with {expected!r}: {found}")
        self.assertIn(expected, found[0])

"""Syntax, lints and crates."""

import unittest

from layer import crates, lint, syntax
from layer.report import CheckError, Outcome
from layer.tests import BrokenTree

ROOTFS = "meta-bottlerocket/recipes-bottlerocket/bottlerocket-rootfs/bottlerocket-rootfs_0.1.0.bb"


class Syntax(BrokenTree):
    def test_broken(self):
        conf = "meta-bottlerocket/conf/layer.conf"
        cases = (
            (
                "assignment",
                ROOTFS,
                'BOTTLEROCKET_FILES = "conf/rootfs"',
                'BOTTLEROCKET_FILES "conf/rootfs"',
                "unparsed line",
            ),
            (
                "configuration",
                conf,
                "BBFILE_PRIORITY_bottlerocket =",
                "BBFILE_PRIORITY_bottlerocket",
                "unparsed line",
            ),
            ("shell", ROOTFS, "    install -d", "    if install -d", "do_install"),
            (
                "python",
                ROOTFS,
                "d.getVar('BOTTLEROCKET_SETS').split():",
                "d.getVar('BOTTLEROCKET_SETS').split(:",
                "python",
            ),
            (
                "module",
                "meta-bottlerocket/lib/oeqa/controllers/bottlerocket.py",
                "import json",
                "imprt json",
                "controllers",
            ),
        )
        self.assertEqual(self.findings(syntax.check, self.tree), [])
        for name, file, old, new, expected in cases:
            with self.subTest(name):
                whole = self.path(file).read_text()
                self.replace(file, old, new)
                self.assert_finds(expected, syntax.check, self.tree)
                self.path(file).write_text(whole)


class Lint(unittest.TestCase):
    def test_findings_are_read(self):
        text = "meta/a.bb:3:error:oelint.vars.x:'A': should be B [branch:true]\nINFO: nothing\n"
        found = lint.parse(text).findings
        self.assertEqual(
            [(finding.where, finding.why) for finding in found],
            [("meta/a.bb:3", "oelint.vars.x: 'A': should be B")],
        )

    def test_suppressions_need_reasons(self):
        text = "[oelint]\nsuppress =\n  # Why.\n  oelint.a\n  oelint.b\n\n  oelint.c\n"
        found = lint.reasons(text, Outcome()).findings
        self.assertEqual([finding.where for finding in found], [".oelint.cfg:7"])


class Crates(BrokenTree):
    def test_whole(self):
        self.assertEqual(self.findings(crates.check, self.tree), [])

    def test_dropped_crate(self):
        self.replace(crates.NAME, "    crate://crates.io/anyhow/", "    # crate://crates.io/anyhow/")
        self.assert_finds("lacks crate://crates.io/anyhow/", crates.check, self.tree)

    def test_writing_mends_it(self):
        self.path(crates.NAME).write_text("")
        crates.write(self.tree)
        self.assertEqual(self.findings(crates.check, self.tree), [])

    def test_crate_of_another_registry(self):
        with self.assertRaises(CheckError):
            crates.text({"package": [{"name": "a", "version": "1", "source": "git+https://example.org"}]})

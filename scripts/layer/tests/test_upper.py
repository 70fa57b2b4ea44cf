"""What the levels that need other layers read from programs, and from mirrors."""

import subprocess
import unittest

from layer import build, compat, kas_files, kas_shell, mirrors, reproducible
from layer.report import CheckError, Outcome
from layer.tests import BrokenTree


class Mirrors(BrokenTree):
    def test_missing_mirror(self):
        with self.assertRaises(CheckError) as raised:
            mirrors.git_configuration(self.tree, self.scratch)
        told = str(raised.exception.finding)
        for part in (
            "bitbake",
            "https://git.openembedded.org/bitbake",
            "fae9db3168dbff1b8c76fe9c6726a9687ff97514",
        ):
            self.assertIn(part, told)

    def test_mirror_without_the_commit(self):
        subprocess.run(["git", "init", "--quiet", "--bare", self.scratch / "bitbake.git"], check=True)
        with self.assertRaises(CheckError) as raised:
            mirrors.git_configuration(self.tree, self.scratch)
        self.assertIn("lacks commit fae9db31", str(raised.exception.finding))

    def test_no_mirrors(self):
        self.assertEqual(mirrors.git_configuration(self.tree, None), "[safe]\n\tdirectory = *\n")


class Output(BrokenTree):
    def test_problems(self):
        root = self.tree.root
        text = "\n".join(
            (
                "NOTE: Executing Tasks",
                f"WARNING: {root}/build/layers/meta-oe/recipes/a.bb: old",
                f"WARNING: {root}/meta-bottlerocket/recipes-core/a.bb: bad",
                f"WARNING: {root}/meta-bottlerocket/recipes-core/a.bb: bad",
                f"WARNING: Unable to get checksum for linux-yocto: {root}/build/cache/a",
                "ERROR: Nothing PROVIDES 'a'",
            )
        )
        found = kas_shell.problems(self.tree, text)
        self.assertEqual([line.split(":")[0] for line in found], ["WARNING", "WARNING", "ERROR"])

    def test_counts(self):
        line = (
            "Parsing of 3021 .bb files complete (0 cached, 3021 parsed). "
            "4920 targets, 500 skipped, 3 masked, 0 errors."
        )
        self.assertEqual(kas_shell.PARSED.search(line).groups(), ("3021", "500", "3", "0"))
        line = (
            "NOTE: Tasks Summary: Attempted 4512 tasks of which 12 didn't need to be rerun and all succeeded."
        )
        self.assertEqual(kas_shell.SUMMARY.search(line).groups(), ("4512", "12"))

    def test_dependencies(self):
        base = kas_files.load(self.path("kas.yml"), "kas.yml")
        found = compat.dependencies(base)
        self.assertIn("build/layers/meta-openembedded/meta-oe", found)
        self.assertIn("build/layers/meta-selinux", found)
        self.assertFalse([path for path in found if "bitbake" in path or "core" in path])


class Comparisons(unittest.TestCase):
    def test_differences_of_contents(self):
        one, two = {"a": {"b": 1, "c": [1, 2]}}, {"a": {"b": 1, "c": [1, 3]}, "d": 4}
        self.assertEqual(build.differences(one, two), [("a.c.1", 2, 3), ("d", None, 4)])
        self.assertEqual(build.differences(one, one), [])

    def test_yocto_check_layer(self):
        passed = (
            "INFO: test_readme (common.CommonCheckLayer) ... ok\n"
            "INFO: Ran 1 test in 3s\n"
            "INFO: meta-bottlerocket ... PASS\n"
        )
        self.assertEqual(compat.judge(passed, 0, "").findings, [])
        failed = "INFO: FAIL: test_readme (common.CommonCheckLayer)\n" + passed.replace("PASS", "FAIL")
        cases = (("failed", failed, 2), ("skipped", passed.replace("PASS", "SKIPPED"), 2), ("died", "", 1))
        for name, text, status in cases:
            with self.subTest(name):
                self.assertEqual(len(compat.judge(text, status, "").findings), 1)


class Trees(BrokenTree):
    def test_compare(self):
        one, two = self.scratch / "one", self.scratch / "two"
        for folder, text in ((one, "a"), (two, "b")):
            folder.mkdir()
            (folder / "same").write_text("same")
            (folder / "other").write_text(text)
        (two / "more").touch()
        outcome = Outcome()
        reproducible.compare("recipe", one, two, outcome)
        self.assertEqual(
            ["more" in str(outcome.findings[0]), "other" in str(outcome.findings[1])], [True, True]
        )
        self.assertEqual(len(outcome.findings), 2)

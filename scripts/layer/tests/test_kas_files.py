"""kas files."""

from layer import kas_files
from layer.tests import BrokenTree

OVERLAY = "conf/kas/feature-check.yml"


class KasFiles(BrokenTree):
    def test_whole(self):
        self.assertEqual(self.findings(kas_files.check, self.tree), [])

    def test_broken(self):
        repo = "  meta-selinux:\n    url: https://git.yoctoproject.org/meta-selinux\n"
        cases = (
            # name, file, old, new, what is found
            ("unknown key", OVERLAY, "local_conf_header", "local_conf_heder", "local_conf_heder"),
            ("no schema", OVERLAY, "# yaml-language-server", "# ", "names no schema"),
            ("no YAML", OVERLAY, "header:", "header: [", "is no YAML"),
            (
                "commit beside branch",
                "kas.yml",
                repo,
                f"{repo}    commit: {'a' * 40}\n",
                "meta-selinux has a commit",
            ),
            (
                "short commit",
                "kas.lock.yml",
                "1c3a699f363167571ab39fecb0fe6f56691a4e20",
                "1c3a699",
                "1c3a699 is no commit",
            ),
            ("no pin", "kas.lock.yml", "meta-selinux", "meta-other", "pins no commit for meta-selinux"),
            ("patch", "kas.yml", "meta-rust-bin-wrynose.patch", "other.patch", "other.patch does not exist"),
            (
                "machine",
                "conf/kas/machine-qemuarm64.yml",
                "machine: qemuarm64",
                "machine: qemuarm",
                "sets machine qemuarm",
            ),
            (
                "target",
                "conf/kas/variant-floor.yml",
                "image-floor",
                "image-flor",
                "not bottlerocket-image-floor",
            ),
        )
        for name, file, old, new, expected in cases:
            with self.subTest(name):
                whole = self.path(file).read_text()
                self.replace(file, old, new)
                found = self.findings(kas_files.check, self.tree)
                self.assertTrue(
                    any(expected in finding for finding in found), f"{expected!r} is not in {found}"
                )
                self.path(file).write_text(whole)

    def test_no_overlay_for_a_variant(self):
        self.path("conf/kas/variant-floor.yml").unlink()
        self.assert_finds("conf/kas/variant-floor.yml: there is no such overlay", kas_files.check, self.tree)

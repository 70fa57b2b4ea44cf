# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The verified root, SELinux and lockdown; no shell."""

from itertools import product

from oeqa.core.decorator.depends import OETestDepends
from oeqa.runtime.bottlerocket import BottlerocketTestCase

FOLDERS = ("/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin")
SHELLS = ("ash", "bash", "busybox", "dash", "perl", "python3", "sh")


class SecurityTest(BottlerocketTestCase):
    @OETestDepends(["bottlerocket_boot.BootTest.test_multi_user_is_reached"])
    def test_the_root_is_the_image_behind_verity(self):
        root = self.target.report()["root"]
        built = (self.target.image / "roothash").read_text(encoding="ascii").strip()
        self.assertEqual(root["root-hash"], built)
        self.assertEqual(
            (root["device"], root["file-system"], root["read-only"]), ("/dev/dm-0", "erofs", True)
        )
        self.assertEqual(sorted(root["partitions"]), ["HASH-A", "ROOT-A"])
        self.assertEqual(self.target.read("/sys/block/dm-0/ro").strip(), "1")
        self.assertRegex(self.target.read("/sys/block/dm-0/dm/uuid"), "^CRYPT-VERITY-")

    @OETestDepends(["bottlerocket_boot.BootTest.test_multi_user_is_reached"])
    def test_selinux_enforces(self):
        expected = {"enforce": "1", "deny_unknown": "1", "checkreqprot": "0"}
        found = {name: self.target.read(f"/sys/fs/selinux/{name}").strip() for name in expected}
        self.assertEqual(found, expected)

    @OETestDepends(["bottlerocket_boot.BootTest.test_multi_user_is_reached"])
    def test_the_kernel_is_locked_down(self):
        self.assertIn("[integrity]", self.target.read("/sys/kernel/security/lockdown"))

    @OETestDepends(["bottlerocket_boot.BootTest.test_multi_user_is_reached"])
    def test_there_is_no_shell(self):
        for folder, name in product(FOLDERS, SHELLS):
            status, output = self.target.run([f"{folder}/{name}"])
            self.assertNotEqual(status, 0, f"{folder}/{name} runs")
            self.assertIn("No such file or directory", output, f"{folder}/{name}")

    # After all that looks at the node, so that it judges that as well.
    @OETestDepends([
        "bottlerocket_api.ApiTest.test_a_change_is_applied",
        "bottlerocket_boot.BootTest.test_every_unit_starts",
        "bottlerocket_security.SecurityTest.test_there_is_no_shell",
    ])
    def test_nothing_is_denied(self):
        denials = [message for message in self.target.journal() if "avc:  denied" in message]
        self.assertEqual(denials, [])

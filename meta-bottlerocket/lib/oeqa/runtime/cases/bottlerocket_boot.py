# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The boot, through firmware and boot loader."""

from oeqa.core.decorator.depends import OETestDepends
from oeqa.runtime.bottlerocket import BottlerocketTestCase

FAILED_UNITS = "/usr/bin/systemctl list-units --state=failed --plain --no-legend"


class BootTest(BottlerocketTestCase):
    def test_multi_user_is_reached(self):
        stages = {stage["name"]: stage["seconds"] for stage in self.target.report()["stages"]}
        self.assertIn("multi-user", stages)
        missed = [name for name, seconds in stages.items() if seconds is None]
        self.assertEqual(missed, [], "stages that were not reached")

    @OETestDepends(["bottlerocket_boot.BootTest.test_multi_user_is_reached"])
    def test_every_unit_starts(self):
        status, failed = self.target.run(FAILED_UNITS)
        self.assertEqual((status, failed), (0, ""), "failed units")
        self.assertEqual(self.target.report()["state"], "running")

    @OETestDepends(["bottlerocket_boot.BootTest.test_multi_user_is_reached"])
    def test_the_node_says_what_it_is(self):
        lines = self.target.read("/usr/lib/os-release").splitlines()
        self.assertIn("ID=bottlerocket", lines)
        self.assertIn("VARIANT_ID=%s" % self.td["BOTTLEROCKET_VARIANT"], lines)
        self.assertIn("VERSION_ID=%s" % self.td["DISTRO_VERSION"], lines)

    @OETestDepends(["bottlerocket_boot.BootTest.test_multi_user_is_reached"])
    def test_the_console_shows_no_login_and_no_panic(self):
        console = self.target.console()
        self.assertNotEqual(console.strip(), "", "the console is silent")
        for text in ("login:", "Kernel panic", "BUG:", "Oops"):
            self.assertNotIn(text, console)

# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The settings API, through the client in the node."""

import time

from oeqa.controllers.bottlerocket import ApiError
from oeqa.core.decorator.depends import OETestDepends
from oeqa.runtime.bottlerocket import BottlerocketTestCase

# A name, settings that are wrong, and what the refusal must mention.
BAD_SETTINGS = (
    ("unknown group", {"nonsense": {"key": "1"}}, "nonsense"),
    ("unknown key", {"ntp": {"nonsense": "1"}}, "nonsense"),
    ("wrong type", {"motd": [1]}, "motd"),
    ("bad value", {"network": {"hostname": "-bad-"}}, "hostname"),
    ("one bad among good", {"motd": "good", "network": {"hostname": "-bad-"}}, "hostname"),
)

APPLY_SECONDS = 60


class ApiTest(BottlerocketTestCase):
    @OETestDepends(["bottlerocket_boot.BootTest.test_multi_user_is_reached"])
    def test_settings_are_read(self):
        self.assertIn("motd", self.target.api("GET", "/settings"))
        self.assertFalse(self.target.api("GET", "/status")["degraded"])

    @OETestDepends(["bottlerocket_api.ApiTest.test_settings_are_read"])
    def test_a_change_is_applied(self):
        before = self.target.api("GET", "/settings")["motd"]
        self.addCleanup(self.change, {"motd": before})
        text = "Hello from testimage"
        self.change({"motd": text})
        self.assertEqual(self.target.api("GET", "/settings")["motd"], text)
        deadline = time.monotonic() + APPLY_SECONDS
        while text not in self.target.read("/etc/motd") and time.monotonic() < deadline:
            time.sleep(1)
        self.assertIn(text, self.target.read("/etc/motd"))

    @OETestDepends(["bottlerocket_api.ApiTest.test_settings_are_read"])
    def test_bad_settings_are_refused_and_change_nothing(self):
        before = self.target.api("GET", "/settings")
        for name, settings, mentions in BAD_SETTINGS:
            with self.assertRaisesRegex(ApiError, mentions, msg=name):
                self.target.api("PATCH", "/settings", settings)
        self.assertEqual(self.target.api("GET", "/tx"), {}, "something is pending")
        self.assertEqual(self.target.api("GET", "/settings"), before)

    def change(self, settings):
        self.target.api("PATCH", "/settings", settings)
        self.target.api("POST", "/tx/commit_and_apply")

# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What tests of a running node have in common."""

from oeqa.controllers.bottlerocket import BottlerocketTarget
from oeqa.runtime.case import OERuntimeTestCase


class BottlerocketTestCase(OERuntimeTestCase):
    """A test of a node; images of others, and other targets, skip it."""

    target: BottlerocketTarget

    def setUp(self):
        super().setUp()
        if not isinstance(self.target, BottlerocketTarget):
            self.skipTest('needs TEST_TARGET = "BottlerocketTarget"')
        if not self.td.get("BOTTLEROCKET_VARIANT"):
            self.skipTest("the image is none of bottlerocket-image.bbclass")

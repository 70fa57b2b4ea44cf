# SPDX-License-Identifier: Apache-2.0 OR MIT
"""bottlerocket-image.bbclass: what it deploys, and what it refuses.

`oe-selftest -r bottlerocket_image`, whatever BOTTLEROCKET_BASE the build has.
"""

import json
from pathlib import Path
from uuid import UUID

import _bottlerocket_artefacts as artefacts
from oeqa.selftest.case import OESelftestTestCase
from oeqa.utils.commands import bitbake, get_bb_vars

IMAGE = "bottlerocket-image-metal-dev"

# Partition types: the EFI system partition, and root and root-verity of the
# Discoverable Partitions Specification.
ESP = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
TYPES = {
    "x86_64": (
        "4f68bce3-e8cd-4db1-96e7-fbcaf984b709",
        "2c7357ed-ebd2-46d9-aec1-23d437ec2bf5",
    ),
    "aarch64": (
        "b921b045-1df0-41c3-af44-4c6f280d3fae",
        "df3300ce-d69f-4c92-978c-9bfb0f38d820",
    ),
}


class ImageTestCase(OESelftestTestCase):
    # Asked for once: an answer takes seconds.
    vars = None

    def setUpLocal(self):
        super().setUpLocal()
        if ImageTestCase.vars is None:
            names = ["DEPLOY_DIR_IMAGE", "IMAGE_LINK_NAME", "BOTTLEROCKET_VARIANT"]
            ImageTestCase.vars = get_bb_vars([*names, "TARGET_ARCH", "BBINCLUDED"], IMAGE)
        self.deployed = Path(self.vars["DEPLOY_DIR_IMAGE"])
        self.folder = self.deployed / self.vars["IMAGE_LINK_NAME"]

    def artefact(self, suffix):
        name = "bottlerocket-{BOTTLEROCKET_VARIANT}-{TARGET_ARCH}".format(**self.vars)
        return self.folder / (name + suffix)

    def root_hash(self):
        return (self.folder / "roothash").read_text(encoding="ascii").strip()


class DeployedImage(ImageTestCase):
    """The artefacts that are deployed."""

    built = False

    def setUpLocal(self):
        super().setUpLocal()
        if not DeployedImage.built:
            bitbake(IMAGE)
            DeployedImage.built = True

    def test_the_disk_is_deployed_under_the_name_of_the_image(self):
        link = self.deployed / (self.vars["IMAGE_LINK_NAME"] + ".img")
        self.assertTrue(link.samefile(self.artefact(".img")))

    def test_the_partition_table_is_that_of_the_layout(self):
        table = artefacts.gpt(self.artefact(".img"))
        self.assertEqual(table, artefacts.layout(self.folder / "layout.json"))
        root, tree = TYPES[self.vars["TARGET_ARCH"]]
        expected = {"ESP": ESP, "ROOT-A": root, "HASH-A": tree, "ROOT-B": root, "HASH-B": tree}
        self.assertEqual({p.label: p.type_uuid for p in table.partitions}, expected)

    def test_the_root_hash_is_that_of_the_root(self):
        data, tree = self.folder / "root.erofs", self.folder / "root.hash"
        self.assertEqual(artefacts.verity_root_hash(data, tree), self.root_hash())

    def test_the_first_slot_is_found_by_the_root_hash(self):
        disk = self.artefact(".img")
        partitions = {p.label: p for p in artefacts.gpt(disk).partitions}
        digest = bytes.fromhex(self.root_hash())
        self.assertEqual(partitions["ROOT-A"].uuid, str(UUID(bytes=digest[:16])))
        self.assertEqual(partitions["HASH-A"].uuid, str(UUID(bytes=digest[16:])))
        for label, name in (("ROOT-A", "root.erofs"), ("HASH-A", "root.hash")):
            offset = partitions[label].offset
            self.assertTrue(
                artefacts.starts_with(disk, offset, self.folder / name),
                f"{label} does not hold {name}",
            )

    def test_the_kernel_image_names_the_root(self):
        sections = artefacts.pe_sections(self.artefact(".efi"))
        arguments = sections[".cmdline"].decode().rstrip("\0").split()
        self.assertIn("roothash=" + self.root_hash(), arguments)
        self.assertIn("enforcing=1", arguments)
        for section, name in ((".linux", "vmlinuz"), (".initrd", "initramfs.zst")):
            built = (self.folder / name).read_bytes()
            self.assertTrue(sections[section] == built, f"{section} is not {name}")
        variant = "VARIANT_ID=" + self.vars["BOTTLEROCKET_VARIANT"]
        self.assertIn(variant, sections[".osrel"].decode().splitlines())

    def test_the_root_is_erofs(self):
        self.assertTrue(artefacts.is_erofs(self.folder / "root.erofs"))

    def test_the_contents_are_listed(self):
        text = (self.folder / "contents.json").read_text(encoding="utf-8")
        self.assertTrue(json.loads(text), "contents.json lists nothing")

    def test_the_bill_of_materials_is_deployed(self):
        if "/create-spdx" not in self.vars["BBINCLUDED"]:
            self.skipTest("create-spdx is not inherited")
        text = (self.deployed / (self.vars["IMAGE_LINK_NAME"] + ".spdx.json")).read_text()
        self.assertTrue(json.loads(text)["@graph"], "the SBOM is empty")


class RefusedImage(ImageTestCase):
    """Defects with which an image must not be built. They are made in recipes
    that are built within a second."""

    def refused(self, message, recipe, commands):
        """Builds with commands at the end of a recipe's do_install, which
        must fail with a message."""
        steps = "".join("${@chr(10)}" + command for command in commands)
        # The recipe is native where the image is made without packages.
        for name in {recipe, recipe.removesuffix("-native") + "-native"}:
            self.append_config(f'do_install:append:pn-{name} = "{steps}"')
        result = bitbake(IMAGE, ignore_status=True)
        self.assertNotEqual(result.status, 0, "the image was built")
        self.assertIn(message, result.output)

    def test_a_shell_is_refused(self):
        shell = "${D}${datadir}/bottlerocket/rootfs/base/usr/bin/sh"
        self.refused(
            "/usr/bin/sh is a shell or interpreter",
            "bottlerocket-rootfs",
            [f"install -D -m 0755 /dev/null {shell}"],
        )

    def test_a_program_that_is_not_listed_is_refused(self):
        program = "${D}${datadir}/bottlerocket/rootfs/base/usr/lib/helper"
        self.refused(
            "/usr/lib/helper is not in the variant's list of executables",
            "bottlerocket-rootfs",
            [f"install -D -m 0755 /dev/null {program}"],
        )

    def test_a_program_that_is_listed_but_missing_is_refused(self):
        self.refused(
            "/usr/bin/networkctl is in the variant's list of executables, but not in the image",
            "bottlerocket-conf-native",
            ["sed -i '/networkctl/d' ${D}${datadir}/bottlerocket/conf/software/base.toml"],
        )

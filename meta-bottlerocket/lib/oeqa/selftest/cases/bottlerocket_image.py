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

VARIABLES = [
    "BBINCLUDED",
    "BOTTLEROCKET_SOURCE",
    "BOTTLEROCKET_VARIANT",
    "DEPLOY_DIR_IMAGE",
    "IMAGE_LINK_NAME",
    "TARGET_ARCH",
]

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
            ImageTestCase.vars = get_bb_vars(VARIABLES, IMAGE)
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
    """Defects with which an image must not be built: a file too many, or
    another one, in a recipe that is built within a second.

    The file is a source: an addition to a task that is for one recipe alone
    (`:append:pn-RECIPE`) would not change its signature.
    """

    def refused(self, message, recipe, file, text):
        """Builds with a file among the sources of a recipe, which must fail
        with a message. The path is relative to the top of the repository."""
        folder = Path(self.builddir, "defects")
        folder.mkdir()
        self.track_for_cleanup(str(folder))
        defect = folder / Path(file).name
        defect.write_text(text, encoding="utf-8")
        defect.chmod(0o755)
        place = Path(file).parent
        # The recipe is native where the image is made without packages.
        for name in {recipe, recipe.removesuffix("-native") + "-native"}:
            self.append_config(
                f'FILESEXTRAPATHS:prepend:pn-{name} = "{folder}:"\n'
                f'SRC_URI:append:pn-{name} = " file://{defect.name};subdir=${{BP}}/{place}"\n'
            )
        result = bitbake(IMAGE, ignore_status=True)
        self.assertNotEqual(result.status, 0, "the image was built")
        self.assertIn(message, result.output)

    def test_a_shell_is_refused(self):
        self.refused(
            "/usr/bin/sh is a shell or interpreter",
            "bottlerocket-rootfs",
            "conf/rootfs/base/usr/bin/sh",
            "shell",
        )

    def test_a_program_that_is_not_listed_is_refused(self):
        self.refused(
            "/usr/lib/helper is not in the variant's list of executables",
            "bottlerocket-rootfs",
            "conf/rootfs/base/usr/lib/helper",
            "program",
        )

    def test_a_program_that_is_listed_but_missing_is_refused(self):
        file = "conf/software/base.toml"
        text = Path(self.vars["BOTTLEROCKET_SOURCE"], file).read_text(encoding="utf-8")
        lines = [line for line in text.splitlines() if "networkctl" not in line]
        self.refused(
            "/usr/bin/networkctl is in the variant's list of executables, but not in the image",
            "bottlerocket-conf-native",
            file,
            "\n".join(lines),
        )

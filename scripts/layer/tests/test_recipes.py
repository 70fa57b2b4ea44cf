"""Versions, software sets, and what recipes install."""

from layer import parity, rootfs, software, stage, versions
from layer.tests import BrokenTree

RECIPES = "meta-bottlerocket/recipes-bottlerocket"
GROUPS = "meta-bottlerocket/recipes-core/packagegroups"
IMAGES = "meta-bottlerocket/recipes-core/images"


class Definition(BrokenTree):
    def test_whole(self):
        layer = self.layer()
        self.assertEqual(self.findings(versions.check, self.tree, layer), [])
        self.assertEqual(self.findings(software.check, self.tree, layer), [])

    def test_broken(self):
        cases = (
            (
                "distro version",
                versions,
                "meta-bottlerocket/conf/distro/bottlerocket.conf",
                'DISTRO_VERSION = "',
                'DISTRO_VERSION = "9',
                "DISTRO_VERSION is 9",
            ),
            (
                "variant of the layer",
                versions,
                "meta-bottlerocket/conf/layer.conf",
                '"aws-dev aws-ecs aws-k8s floor metal-dev',
                '"aws-dev aws-ecs aws-k8s metal-dev',
                "BOTTLEROCKET_VARIANTS lacks floor",
            ),
            (
                "set of an image",
                versions,
                f"{IMAGES}/bottlerocket-image-floor.bb",
                "packagegroup-bottlerocket-floor",
                "",
                "IMAGE_INSTALL lacks packagegroup-bottlerocket-floor",
            ),
            (
                "too much in an image",
                versions,
                "conf/variants/metal-dev.toml",
                '"containerd", "development"',
                '"containerd"',
                "IMAGE_INSTALL has packagegroup-bottlerocket-development",
            ),
            (
                "container of an image",
                versions,
                f"{IMAGES}/bottlerocket-image-metal-dev.bb",
                '"admin control"',
                '"admin"',
                "BOTTLEROCKET_CONTAINERS lacks control",
            ),
            (
                "container without recipe",
                versions,
                f"{IMAGES}/bottlerocket-container-admin.bb",
                'CONTAINER = "admin"',
                'CONTAINER = "other"',
                "recipes of containers lacks admin",
            ),
            (
                "policy of an image",
                versions,
                f"{IMAGES}/bottlerocket-image-floor.bb",
                "    bottlerocket-selinux-policy-${BOTTLEROCKET_VARIANT}",
                "",
                "IMAGE_INSTALL lacks bottlerocket-selinux-policy-floor",
            ),
            (
                "program without recipe",
                software,
                "conf/software/development.toml",
                "dev-agent = []",
                "dev-agent = []\nother = []",
                "other is built by no recipe",
            ),
            (
                "package of a program",
                software,
                f"{GROUPS}/packagegroup-bottlerocket-base.bb",
                "    apiclient",
                "   ",
                "RDEPENDS lacks apiclient",
            ),
            (
                "files of a set",
                software,
                f"{GROUPS}/packagegroup-bottlerocket-floor.bb",
                '"bottlerocket-rootfs-floor"',
                '""',
                "RDEPENDS lacks bottlerocket-rootfs-floor",
            ),
            (
                "linkage",
                software,
                f"{RECIPES}/bottlerocket-applets/bottlerocket-applets_0.1.0.bb",
                'PROGRAMS = "bottlerocket bottlerocket-online"',
                'PROGRAMS = "bottlerocket bottlerocket-online"\nBOTTLEROCKET_LINKAGE = "static"',
                "links bottlerocket and bottlerocket-online static, image-builder dynamic",
            ),
            (
                "dropped program",
                software,
                f"{RECIPES}/bottlerocket-static/bottlerocket-static_0.1.0.bb",
                '"apiclient container-tools dev-agent initramfs-init install-to-disk"',
                '"apiclient container-tools dev-agent install-to-disk"',
                "lacks initramfs-init",
            ),
            (
                "class",
                versions,
                f"{RECIPES}/bottlerocket-rootfs/bottlerocket-rootfs_0.1.0.bb",
                "allarch",
                "allrch",
                "allrch",
            ),
        )
        for name, module, file, old, new, expected in cases:
            with self.subTest(name):
                whole = self.path(file).read_text()
                self.replace(file, old, new)
                self.assert_finds(expected, self.over_layer, module.check)
                self.path(file).write_text(whole)

    def over_layer(self, check):
        return check(self.tree, self.layer())

    def test_recipe_of_another_version(self):
        recipe = self.path(f"{RECIPES}/bottlerocket-rootfs/bottlerocket-rootfs_0.1.0.bb")
        recipe.rename(recipe.with_name("bottlerocket-rootfs_0.0.9.bb"))
        self.assert_finds("is not of version 0.1.0", versions.check, self.tree, self.layer())

    def test_variant_without_image(self):
        self.path(f"{IMAGES}/bottlerocket-image-floor.bb").unlink()
        self.assert_finds("images lacks bottlerocket-image-floor", versions.check, self.tree, self.layer())

    def test_set_without_packagegroup(self):
        self.path(f"{GROUPS}/packagegroup-bottlerocket-floor.bb").unlink()
        self.assert_finds(
            "packagegroups lacks packagegroup-bottlerocket-floor", software.check, self.tree, self.layer()
        )


class Stage(BrokenTree):
    recipe = f"{RECIPES}/bottlerocket-rootfs/bottlerocket-rootfs_0.1.0.bb"

    def stage(self):
        return self.findings(stage.check, self.tree, self.scratch, self.builder())

    def rootfs(self):
        self.assertEqual(self.stage(), [])
        return self.findings(rootfs.check, self.tree, self.scratch)

    def test_whole(self):
        self.assertEqual(self.rootfs(), [])
        staged = self.scratch / "stage"
        self.assertTrue((staged / "bin/apiclient").is_file())
        self.assertTrue((staged / "share/bottlerocket/selinux/metal-dev/policy").is_file())
        self.assertTrue((staged / "share/bottlerocket/kernel/aarch64.cfg").is_file())

    def test_file_that_is_not_installed(self):
        self.replace(
            self.recipe,
            "\n}",
            "\n    rm ${D}${datadir}/bottlerocket/rootfs/base/usr/lib/sysctl.d/50-bottlerocket.conf\n}",
        )
        self.assertIn("50-bottlerocket.conf: no recipe installs it", self.rootfs()[0])

    def test_file_that_is_changed(self):
        self.replace(
            self.recipe,
            "\n}",
            "\n    echo >> ${D}${datadir}/bottlerocket/rootfs/base/usr/lib/sysctl.d/50-bottlerocket.conf\n}",
        )
        self.assertIn("what is installed differs", self.rootfs()[0])

    def test_file_too_many(self):
        self.replace(self.recipe, "\n}", "\n    touch ${D}${datadir}/bottlerocket/rootfs/base/more\n}")
        self.assertIn("conf/rootfs does not have it", self.rootfs()[0])

    def test_set_without_package(self):
        self.replace(self.recipe, "ecs floor kubernetes\"", "ecs kubernetes\"")
        self.assertIn(
            "floor/usr/lib/systemd/system/multi-user.target.d/10-stages.conf is shipped by no package",
            self.stage()[0],
        )

    def test_file_of_two_recipes(self):
        self.replace(
            f"{RECIPES}/bottlerocket-conf/bottlerocket-conf-native_0.1.0.bb",
            "\n}",
            "\n    touch ${D}${datadir}/bottlerocket/rootfs; install -d ${D}${bindir}\n}",
        )
        self.assertIn("is installed by another recipe too", self.stage()[0])

    def test_task_that_fails(self):
        self.replace(self.recipe, "\n}", "\n    false\n}")
        self.assertIn("bottlerocket-rootfs: do_install ended with 1", self.stage()[0])

    def test_source_that_is_missing(self):
        self.path("conf/kernel/verity.cfg").unlink()
        self.assertIn("verity.cfg", self.stage()[0])

    def test_kernel_that_depends_on_the_whole_tree(self):
        include = "meta-bottlerocket/recipes-kernel/linux/linux-yocto-bottlerocket.inc"
        self.replace(
            include, 'SRC_URI += "', 'FILESEXTRAPATHS:prepend := "${BOTTLEROCKET_SOURCE}:"\nSRC_URI += "'
        )
        self.assertIn("FILESEXTRAPATHS has", self.stage()[0])

    def test_partitions_of_the_layer(self):
        self.path("meta-bottlerocket/files/disk.wks.in").touch()
        self.stage()
        builder = self.scratch / "programs/image-builder"
        builder.write_text("#!/bin/sh\nprintf '| a |\\n|---|\\n| 1 |\\n'\n")
        self.assert_finds("disk.wks.in", parity.check, self.tree, self.scratch, builder)
        self.assertEqual(self.path(parity.TABLE).read_text().count("| 1 |"), 2)

    def test_differences_between_the_builders(self):
        builder = self.builder()
        builder.write_text("#!/bin/sh\n[ $7 = aarch64 ] || exit 0\necho 'error: 2 differences' >&2\nexit 1\n")
        self.assert_finds("2 differences", parity.check, self.tree, self.scratch, builder)

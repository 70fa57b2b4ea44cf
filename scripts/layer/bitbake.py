"""BitBake's library from PyPI: parses our recipes without the layers below. Those
are stood in for by stub/ and by empty classes."""

import fnmatch
import logging
import sys
import types
from pathlib import Path

# PyPI's package lacks these; nothing here talks to a server.
for _name in ("hashserv", "hashserv.client", "prserv", "layerindexlib"):
    sys.modules.setdefault(_name, types.ModuleType(_name))

import bb  # noqa: E402
import bb.codeparser  # noqa: E402
import bb.data  # noqa: E402
import bb.data_smart  # noqa: E402
import bb.parse  # noqa: E402

from layer.report import CheckError  # noqa: E402

STUB = Path(__file__).parent / "stub"
# Classes of the layers below, whose content is not needed here.
CLASSES = (
    "allarch",
    "cargo",
    "core-image",
    "deploy",
    "go",
    "goarch",
    "image",
    "image-artifact-names",
    "native",
    "nopackages",
    "packagegroup",
    "testimage",
)
ARCHITECTURES = ("x86_64", "aarch64")

logging.getLogger("BitBake").addHandler(logging.NullHandler())


class Layer:
    """The recipes of the layer, over the stub. `scratch` is an empty folder."""

    def __init__(self, tree, scratch, architecture=ARCHITECTURES[0]):
        self.tree = tree
        self.scratch = Path(scratch)
        classes = self.scratch / "stub/classes-recipe"
        classes.mkdir(parents=True, exist_ok=True)
        for name in CLASSES:
            (classes / f"{name}.bbclass").touch()
        bb.codeparser.parser_cache_init(str(self.scratch))
        base = bb.data_smart.DataSmart()
        base.setVar("TOPDIR", str(self.scratch))
        base.setVar("TARGET_ARCH", architecture)
        base.setVar("LAYERDIR", str(tree.layer))
        base.setVar("BBPATH", f"{STUB}:{classes.parent}:{tree.layer}")
        base.setVar("__bbclasstype", "recipe")
        bb.parse.init_parser(base)
        for file in (
            "conf/bitbake.conf",
            str(tree.layer / "conf/layer.conf"),
            "conf/distro/bottlerocket.conf",
        ):
            base = self._handle(file, base, baseconfig=True)
        self.base = base

    def _handle(self, file, data, baseconfig=False):
        try:
            return bb.parse.handle(str(file), data, baseconfig=baseconfig)
        except (bb.parse.ParseError, bb.BBHandledException, bb.data_smart.ExpansionError) as error:
            hint = "a class of a layer below that is new here is named in scripts/layer/bitbake.py"
            raise CheckError(
                self.tree.show(file), str(error), hint if "inherit" in str(error) else ""
            ) from error

    def parse(self, file, appends=()):
        """The recipe of a file, `native` variants left out."""
        data = bb.data.createCopy(self.base)
        data.setVar("__BBAPPEND", " ".join(str(append) for append in appends))
        return self._handle(file, data)[""]

    def recipes(self):
        """All recipes of the layer, by name."""
        parsed = [self.parse(file) for file in sorted(self.tree.layer.glob("recipes-*/*/*.bb"))]
        return {recipe.getVar("PN"): recipe for recipe in parsed}

    def appended(self, append):
        """A recipe of another layer, of which only our bbappend is known."""
        name = Path(append).stem.removesuffix("_%")
        recipe = self.scratch / f"{name}_1.0.bb"
        recipe.touch()
        return self.parse(recipe, [append])


def words(recipe, variable):
    return (recipe.getVar(variable) or "").split()


def is_native(recipe):
    return recipe.getVar("PN").endswith("-native")


def packages_of(recipe, path):
    """The packages whose FILES have a path of the image, in their order."""

    def has(pattern):
        return fnmatch.fnmatchcase(path, pattern) or path.startswith(pattern.rstrip("/") + "/")

    return [
        name
        for name in words(recipe, "PACKAGES")
        if any(has(pattern) for pattern in words(recipe, f"FILES:{name}"))
    ]

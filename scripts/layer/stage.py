"""Runs our recipes for real, and puts together what an image takes from them:
the folder that image-builder calls "first party"."""

import shutil
from pathlib import Path

from layer import bitbake, software, tasks
from layer.report import Outcome

# Recipes whose tasks are run. Those that compile programs are not: an empty
# file is in the place of each program.
RECIPES = ("bottlerocket-rootfs", "bottlerocket-conf-native", "bottlerocket-selinux-policy")
KERNEL = "recipes-kernel/linux/linux-yocto_%.bbappend"


def check(tree, scratch, builder):
    outcome = Outcome()
    layer = bitbake.Layer(tree, scratch / "bitbake")
    recipes = layer.recipes()
    stage = scratch / "stage"
    stage.mkdir()
    files = 0
    for name in RECIPES:
        if name not in recipes:
            outcome.find("meta-bottlerocket", f"there is no recipe {name}")
            continue
        installed = install(recipes[name], builder.parent)
        check_packages(tree, recipes[name], installed, outcome)
        files += merge(Path(installed, "usr"), stage, name, outcome)
    (stage / "bin").mkdir(exist_ok=True)
    programs = software.builders(recipes)
    for program in programs:
        (stage / "bin" / program).touch()
    fragments = kernel(tree, scratch, stage / "share/bottlerocket/kernel", outcome)
    outcome.facts = (
        f"{files} files of {len(RECIPES)} recipes, {len(programs)} programs, {fragments} kernel fragments"
    )
    return outcome


def install(recipe, programs):
    """Unpacks, compiles and installs; returns the folder it installed to."""
    tasks.unpack(recipe)
    for task in ("do_compile", "do_install"):
        tasks.run(recipe, task, programs)
    return recipe.getVar("D")


def entries(folder):
    """Files and links of a folder, relative to it."""
    folder = Path(folder)
    return sorted(
        path.relative_to(folder) for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()
    )


def check_packages(tree, recipe, installed, outcome):
    """Everything that is installed is shipped, in one package."""
    if bitbake.is_native(recipe):
        return
    for path in entries(installed):
        packages = bitbake.packages_of(recipe, f"/{path}")
        if len(packages) != 1:
            where = tree.show(recipe.getVar("FILE"))
            outcome.find(
                where,
                f"/{path} is shipped by {', '.join(packages) or 'no package'}, not by one",
                "FILES:… of the recipe",
            )


def merge(source, stage, name, outcome):
    for path in (found := entries(source)):
        target = stage / path
        if target.is_symlink() or target.exists():
            outcome.find(name, f"/usr/{path} is installed by another recipe too")
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source / path, target, follow_symlinks=False)
    return len(found)


def kernel(tree, scratch, target, outcome):
    """The configuration fragments that the kernel is built with, on any machine."""
    target.mkdir(parents=True)
    for architecture in bitbake.ARCHITECTURES:
        layer = bitbake.Layer(tree, scratch / f"kernel-{architecture}", architecture)
        recipe = layer.appended(tree.layer / KERNEL)
        check_search_path(tree, recipe, outcome)
        tasks.unpack(recipe)
        for path in Path(recipe.getVar("UNPACKDIR")).rglob("*.cfg"):
            shutil.copy2(path, target / path.name)
    return len(list(target.iterdir()))


def check_search_path(tree, recipe, outcome):
    """Kernel recipes depend on all that lies in FILESEXTRAPATHS."""
    for path in recipe.getVar("FILESEXTRAPATHS").split(":"):
        if path and not Path(path).is_relative_to(tree.root / "conf/kernel"):
            outcome.find(
                tree.show(tree.layer / KERNEL),
                f"FILESEXTRAPATHS has {path}: the kernel would be built again after any change in it",
                "conf/kernel alone belongs there (kernel-yocto.bbclass, get_dirs_with_fragments)",
            )

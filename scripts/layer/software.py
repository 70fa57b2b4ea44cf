"""Software sets: each has a packagegroup, and each program a recipe that builds
it, a package that ships it, and the linkage that image-builder gives it."""

import re

from layer import bitbake
from layer.report import CheckError, Outcome
from layer.versions import PACKAGEGROUP, compare

BUILDER = "crates/image/builder/src/programs.rs"


def linkages(text):
    """Programs by linkage, as image-builder builds them."""
    found = {}
    for linkage in ("DYNAMIC", "STATIC"):
        listed = re.search(rf"const {linkage}: [^=]*= \&?\[(.*?)\];", text, re.DOTALL)
        if not listed:
            raise CheckError(BUILDER, f"has no list {linkage}", "scripts/layer/software.py reads it")
        found |= {name: linkage.lower() for name in re.findall(r'"([^"]+)"', listed[1])}
    return found


def builders(recipes):
    """What builds programs of the node: {program: [recipe]}."""
    found = {}
    for recipe in recipes.values():
        if not bitbake.is_native(recipe):
            for program in bitbake.words(recipe, "BOTTLEROCKET_PROGRAMS"):
                found.setdefault(program, []).append(recipe)
    return found


def check(tree, layer):
    outcome = Outcome()
    recipes = layer.recipes()
    built = builders(recipes)
    check_linkage(tree, built, outcome)
    check_embedded(tree, built, outcome)
    software = tree.software()
    groups = [name for name in recipes if name.startswith(PACKAGEGROUP)]
    compare(
        outcome,
        "meta-bottlerocket/recipes-core/packagegroups",
        "packagegroups",
        groups,
        [PACKAGEGROUP + name for name in software],
    )
    for name, content in software.items():
        group = recipes.get(PACKAGEGROUP + name)
        if group is not None:
            check_set(tree, name, content, group, built, outcome)
    programs = sum(len(content.get("programs", {})) for content in software.values())
    outcome.facts = f"{len(software)} sets, {programs} programs, {len(built)} built"
    return outcome


def check_linkage(tree, built, outcome):
    wanted = linkages((tree.root / BUILDER).read_text())
    compare(
        outcome,
        "meta-bottlerocket/recipes-bottlerocket",
        "BOTTLEROCKET_PROGRAMS of all recipes",
        built,
        wanted,
    )
    wrong = {}
    for program, recipes in built.items():
        for recipe in recipes:
            linkage = recipe.getVar("BOTTLEROCKET_LINKAGE")
            if linkage != wanted.get(program, linkage):
                where = tree.show(recipe.getVar("FILE"))
                wrong.setdefault((where, linkage, wanted[program]), []).append(program)
    for (where, linkage, other), programs in wrong.items():
        outcome.find(
            where,
            f"links {' and '.join(programs)} {linkage}, image-builder {other}",
            f"BOTTLEROCKET_LINKAGE here, or {BUILDER}",
        )


def check_embedded(tree, built, outcome):
    """What crates embed when they are compiled is fetched with them."""
    fetched = {
        (tree.show(recipe.getVar("FILE")), tuple(bitbake.words(recipe, "BOTTLEROCKET_FILES")))
        for recipes in built.values()
        for recipe in recipes
    }
    for source in sorted((tree.root / "crates").glob("*/*/src/**/*.rs")):
        crate = tree.root.joinpath(*source.relative_to(tree.root).parts[:3])
        for folder in re.findall(r'#\[folder = "([^"]+)"\]', source.read_text()):
            embedded = (crate / folder).resolve()
            for where, files in fetched:
                if not any(embedded.is_relative_to(tree.root / file) for file in files):
                    what = f"lacks {tree.show(embedded)}, which {tree.show(source)} embeds"
                    outcome.find(where, f"BOTTLEROCKET_FILES {what}", "bottlerocket-workspace.bbclass")


def check_set(tree, name, content, group, built, outcome):
    where = tree.show(group.getVar("FILE"))
    depends = bitbake.words(group, f"RDEPENDS:{group.getVar('PN')}")
    wanted = []
    if (tree.root / "conf/rootfs" / name).is_dir():
        wanted.append(f"bottlerocket-rootfs-{name}")
    for program in content.get("programs", {}):
        recipes = built.get(program, [])
        if len(recipes) != 1:
            names = ", ".join(recipe.getVar("PN") for recipe in recipes) or "no recipe"
            outcome.find(
                f"conf/software/{name}.toml",
                f"{program} is built by {names}, not by one recipe",
                "BOTTLEROCKET_PROGRAMS of a recipe that inherits bottlerocket-workspace",
            )
            continue
        recipe = recipes[0]
        package = next(iter(bitbake.packages_of(recipe, f"/usr/bin/{program}")), None)
        if package is None:
            outcome.find(tree.show(recipe.getVar("FILE")), f"no package ships /usr/bin/{program}", "FILES:…")
        else:
            wanted.append(package)
    for package in wanted:
        if package not in depends:
            outcome.find(where, f"RDEPENDS lacks {package}, which conf/software/{name}.toml needs")

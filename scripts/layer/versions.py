"""Versions, variants and images of the layer against Cargo.toml and conf/."""

import re

from layer import bitbake
from layer.report import Outcome

# Packages of images that are no software set.
POLICY = "bottlerocket-selinux-policy-"
PACKAGEGROUP = "packagegroup-bottlerocket-"


def check(tree, layer):
    outcome = Outcome()
    recipes = layer.recipes()
    version = tree.version()
    for file in sorted((tree.layer / "recipes-bottlerocket").glob("*/*.bb")):
        found = re.search(r"_([^_]+)\.bb$", file.name)
        if not found or found[1] != version:
            outcome.find(
                tree.show(file),
                f"is not of version {version}, as Cargo.toml says",
                f"git mv it to …_{version}.bb",
            )
    distro = layer.base.getVar("DISTRO_VERSION")
    if distro != version:
        outcome.find(
            "meta-bottlerocket/conf/distro/bottlerocket.conf",
            f"DISTRO_VERSION is {distro}, Cargo.toml's version is {version}",
        )
    variants = tree.variants()
    compare(
        outcome,
        "meta-bottlerocket/conf/layer.conf",
        "BOTTLEROCKET_VARIANTS",
        bitbake.words(layer.base, "BOTTLEROCKET_VARIANTS"),
        variants,
    )
    images(tree, recipes, variants, outcome)
    outcome.facts = f"version {version}, {len(recipes)} recipes, {len(variants)} variants"
    return outcome


def images(tree, recipes, variants, outcome):
    ours = {name: recipe for name, recipe in recipes.items() if recipe.getVar("BOTTLEROCKET_VARIANT")}
    compare(
        outcome,
        "meta-bottlerocket/recipes-core/images",
        "images",
        ours,
        [f"bottlerocket-image-{name}" for name in variants],
    )
    for name, recipe in ours.items():
        where = tree.show(recipe.getVar("FILE"))
        variant = recipe.getVar("BOTTLEROCKET_VARIANT")
        if variant not in variants:
            outcome.find(where, f"BOTTLEROCKET_VARIANT is {variant}, which conf/variants does not have")
            continue
        if name != f"bottlerocket-image-{variant}":
            outcome.find(where, f"is of variant {variant}, not of the one in its name")
        installed = bitbake.words(recipe, "IMAGE_INSTALL")
        groups = [package for package in installed if package.startswith(PACKAGEGROUP)]
        compare(
            outcome,
            where,
            "IMAGE_INSTALL",
            groups,
            [PACKAGEGROUP + name for name in variants[variant]["software"]],
        )
        policies = [package for package in installed if package.startswith(POLICY)]
        compare(outcome, where, "IMAGE_INSTALL", policies, [POLICY + variant])
        carried = bitbake.words(recipe, "BOTTLEROCKET_CONTAINERS")
        wanted = variants[variant].get("host-containers", [])
        compare(outcome, where, "BOTTLEROCKET_CONTAINERS", carried, wanted)
    containers = [recipe.getVar("BOTTLEROCKET_CONTAINER") for recipe in recipes.values()]
    compare(
        outcome,
        "meta-bottlerocket/recipes-core/images",
        "recipes of containers",
        filter(None, containers),
        tree.folder("containers"),
    )


def compare(outcome, where, what, found, wanted):
    """Finds what is missing and what is too much."""
    for name in sorted(set(wanted) - set(found)):
        outcome.find(where, f"{what} lacks {name}")
    for name in sorted(set(found) - set(wanted)):
        outcome.find(where, f"{what} has {name}, which conf/ does not have there")

"""kas.yml, its lock file and the overlays in conf/kas."""

import json
import re
from pathlib import Path

import jsonschema
import kas
import yaml

from layer.report import CheckError, Outcome

MACHINES = ("genericx86-64", "genericarm64", "qemux86-64", "qemuarm64")
FEATURES = ("base-debian", "check", "core-rust", "cve", "debug")
SCHEMA_LINE = re.compile(r"# yaml-language-server: \$schema=https://\S+/schema-kas\.json")
LOCK = "kas.lock.yml"
BASE = "kas.yml"


def load(path, name):
    try:
        return yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        raise CheckError(name, f"is no YAML: {error}") from error


def repositories(base):
    """What kas.yml fetches: its repositories that have a URL."""
    return {name: repo for name, repo in base["repos"].items() if repo and "url" in repo}


def expected_overlays(tree):
    names = [f"machine-{machine}" for machine in MACHINES]
    names += [f"variant-{variant}" for variant in tree.variants()]
    names += [f"feature-{feature}" for feature in FEATURES]
    return {name: tree.root / "conf/kas" / f"{name}.yml" for name in names}


def check(tree):
    outcome = Outcome()
    files = [tree.root / BASE, tree.root / LOCK, *sorted((tree.root / "conf/kas").glob("*.yml"))]
    contents = {tree.show(file): load(file, tree.show(file)) for file in files}
    for file in files:
        check_form(tree.show(file), file.read_text(), contents[tree.show(file)], outcome)
    if outcome.findings:
        return outcome

    check_pins(contents, outcome)
    for name, path in expected_overlays(tree).items():
        overlay = contents.get(tree.show(path))
        if overlay is None:
            outcome.find(tree.show(path), "there is no such overlay")
        else:
            check_overlay(tree.show(path), name, overlay, outcome)
    for name, content in contents.items():
        check_patches(tree, name, content, outcome)
    outcome.facts = f"{len(files)} files, {len(repositories(contents[BASE]))} repositories pinned"
    return outcome


def check_form(name, text, content, outcome):
    if not SCHEMA_LINE.fullmatch(text.partition("\n")[0]):
        outcome.find(
            name,
            "the first line names no schema",
            "as the other kas files: # yaml-language-server: $schema=…",
        )
    schema = json.loads((Path(kas.__file__).parent / "schema-kas.json").read_text())
    for error in jsonschema.validators.validator_for(schema)(schema).iter_errors(content):
        error = jsonschema.exceptions.best_match([error])
        key = ".".join(str(part) for part in error.absolute_path)
        outcome.find(name, f"{key + ': ' if key else ''}{error.message}")


def check_pins(contents, outcome):
    for name, content in contents.items():
        for repo, settings in (content.get("repos") or {}).items():
            if "commit" in (settings or {}):
                outcome.find(name, f"repository {repo} has a commit", f"commits belong into {LOCK}")
    pins = contents[LOCK].get("overrides", {}).get("repos", {})
    fetched = repositories(contents[BASE])
    for repo in sorted(fetched.keys() - pins.keys()):
        outcome.find(LOCK, f"pins no commit for {repo}", f"kas lock --update {BASE}")
    for repo in sorted(pins.keys() - fetched.keys()):
        outcome.find(LOCK, f"pins {repo}, which {BASE} does not fetch")
    for repo, pin in pins.items():
        if not re.fullmatch("[0-9a-f]{40}", str(pin.get("commit"))):
            outcome.find(LOCK, f"{repo}: {pin.get('commit')} is no commit of 40 hexadecimal digits")


def check_overlay(where, name, overlay, outcome):
    kind, _, value = name.partition("-")
    if kind == "machine" and overlay.get("machine") != value:
        outcome.find(where, f"sets machine {overlay.get('machine')}, not {value}")
    if kind == "variant" and overlay.get("target") != [f"bottlerocket-image-{value}"]:
        outcome.find(where, f"its target is {overlay.get('target')}, not bottlerocket-image-{value} alone")


def check_patches(tree, name, content, outcome):
    for repo, settings in (content.get("repos") or {}).items():
        for patch in ((settings or {}).get("patches") or {}).values():
            if patch["repo"] == "bottlerocket" and not (tree.root / patch["path"]).is_file():
                outcome.find(name, f"repository {repo}: its patch {patch['path']} does not exist")

"""BitBake builds an image on Debian packages, the same twice, and it boots."""

import json
import shutil
import subprocess

from layer import kas_shell, reproducible
from layer.report import CheckError, Outcome

IMAGE = "bottlerocket-image-metal-dev"
MACHINE = "genericx86-64"
FEATURES = ["feature-base-debian"]


def run(tree, report, mirrors):
    session = kas_shell.Session(tree, "build", mirrors)
    if not (report.run("layers", session.prepare) and report.run("build", build, session)):
        return
    deployed = session.folder / f"tmp/deploy/images/{MACHINE}/{IMAGE}-{MACHINE}"
    report.run("stamps", again, session)
    report.run("contents", contents, tree, deployed)
    report.run("boot", boot, tree, session.folder / "vm", deployed)
    report.run("reproducible", reproducible.check, tree, mirrors, session, FEATURES)


def build(session):
    text = session.shell(FEATURES, f"bitbake {IMAGE}", "image")
    return finished(session.tree, text, "image")


def finished(tree, text, what):
    outcome = Outcome()
    for line in kas_shell.problems(tree, text):
        outcome.find(what, line)
    counts = kas_shell.SUMMARY.search(text)
    if counts is None:
        raise CheckError(what, "BitBake told no number of tasks")
    outcome.facts = f"{counts[1]} tasks, {int(counts[1]) - int(counts[2])} ran"
    return outcome


def again(session):
    """A second build finds everything done."""
    text = session.shell(FEATURES, f"bitbake {IMAGE}", "image-again")
    outcome = finished(session.tree, text, "second build")
    attempted, unchanged = kas_shell.SUMMARY.search(text).groups()
    if attempted != unchanged:
        ran = [line.strip() for line in text.splitlines() if "Running task" in line]
        outcome.find(
            "second build",
            f"ran {int(attempted) - int(unchanged)} tasks: {'; '.join(ran[:5])}",
            "bitbake-diffsigs tells what changed",
        )
    return outcome


def contents(tree, deployed):
    """The image says of itself what the one of image-builder says."""
    outcome = Outcome()
    one = json.loads(program(tree, "image-builder", "contents", "--variant", "metal-dev"))
    two = json.loads((deployed / "contents.json").read_text())
    for key, first_value, second_value in differences(one, two):
        outcome.find(
            "contents.json", f"{key} is {first_value} from image-builder and {second_value} from BitBake"
        )
    outcome.facts = f"{len(one)} entries, as `image-builder contents` has them"
    return outcome


def differences(one, two, key=""):
    """(key, value, value) of all that differs between two JSON documents."""
    if isinstance(one, list) and isinstance(two, list):
        one, two = ({str(index): value for index, value in enumerate(values)} for values in (one, two))
    if not (isinstance(one, dict) and isinstance(two, dict)):
        return [] if one == two else [(key, one, two)]
    found = []
    for name in sorted(one.keys() | two.keys()):
        inner = f"{key}.{name}" if key else name
        found += differences(one.get(name), two.get(name), inner)
    return found


def boot(tree, state, deployed):
    """The deployed image boots, its API answers, and SELinux enforces."""
    outcome = Outcome()
    program(tree, "image-builder", "packages", "tools")
    shutil.rmtree(state, ignore_errors=True)
    try:
        program(tree, "vm", "--state", state, "start", "--detach", "--image", deployed)
        report = json.loads(program(tree, "vm", "--state", state, "report", "--json"))
        settings = json.loads(program(tree, "vm", "--state", state, "apiclient", "get", "settings"))
    finally:
        program(tree, "vm", "--state", state, "stop", check=False)
    if not report["enforcing"]:
        outcome.find(IMAGE, "SELinux does not enforce on the booted node")
    if "settings" not in settings:
        outcome.find(IMAGE, f"the API answers without settings: {settings}")
    outcome.facts = f"{report['os']}, {report['state']}, enforcing"
    return outcome


def program(tree, name, *arguments, check=True):
    """A program of the workspace, built once."""
    ran = subprocess.run(
        ["cargo", "run", "--quiet", "--locked", "--package", name, "--", *map(str, arguments)],
        cwd=tree.root,
        capture_output=True,
        text=True,
    )
    if check and ran.returncode:
        raise CheckError(f"{name} {arguments[0]}", f"ended with {ran.returncode}: {ran.stderr.strip()}")
    return ran.stdout

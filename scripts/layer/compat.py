"""yocto-check-layer: what a layer must do to be called compatible."""

import re
import shlex
import shutil

from layer import kas_files, kas_shell
from layer.report import Outcome

# Core's own: machines of other layers are not there yet when it starts.
MACHINE = "qemux86-64"
LAYERS = "build/layers"


def run(tree, report, mirrors):
    session = kas_shell.Session(tree, "compat", mirrors)
    if report.run("layers", session.prepare):
        report.run("compat", check, tree, session)


def dependencies(base):
    """The folders of all layers of kas.yml but ours and core's."""
    found = []
    for name, repo in kas_files.repositories(base).items():
        if name == "openembedded-core":
            continue
        layers = repo.get("layers") or {".": None}
        for layer, settings in layers.items():
            if settings != "disabled":
                found.append(f"{repo['path']}/{layer}".removesuffix("/."))
    return found


def check(tree, session):
    shutil.rmtree(session.folder / "conf", ignore_errors=True)
    configure(tree, session)
    base = kas_files.load(tree.root / kas_files.BASE, kas_files.BASE)
    core = tree.root / LAYERS / "openembedded-core"
    depends = [str(tree.root / path) for path in dependencies(base)]
    arguments = [
        str(tree.layer),
        "--no-auto-dependency",
        "--dependency",
        *depends,
        "--output-log",
        str(session.folder / "report"),
    ]
    command = " && ".join(
        (
            f"export PATH={shlex.quote(kas_shell.compiler_folder())}:/usr/bin:$PATH",
            f"export BITBAKEDIR={shlex.quote(str(tree.root / LAYERS / 'bitbake'))}",
            f"cd {shlex.quote(str(core))}",
            f". ./oe-init-build-env {shlex.quote(str(session.folder))} >/dev/null",
            f"yocto-check-layer {shlex.join(arguments)}",
        )
    )
    text, status = session.attempt(["bash", "-c", command], "yocto-check-layer")
    return judge(text, status, f"less {tree.show(session.folder)}/report")


def judge(text, status, hint):
    """What yocto-check-layer found: failed tests, and its word on the layer."""
    outcome = Outcome()
    for test in re.findall(r"^INFO: (?:FAIL|ERROR): (.*)$", text, re.MULTILINE):
        outcome.find("yocto-check-layer", f"{test} failed", hint)
    ran = re.search(r"^INFO: Ran (\d+) tests?", text, re.MULTILINE)
    summary = re.search(r"^INFO: meta-bottlerocket \.\.\. (.*)$", text, re.MULTILINE)
    passed = status == 0 and ran and summary and summary[1] == "PASS"
    if not passed and not outcome.findings:
        said = summary[1] if summary else " | ".join(text.strip().splitlines()[-3:])
        outcome.find("yocto-check-layer", f"ended with {status}: {said}", hint)
    outcome.facts = f"{ran[1] if ran else 0} tests of yocto-check-layer"
    return outcome


def configure(tree, session):
    """Core alone, and a machine: yocto-check-layer adds layers itself."""
    conf = session.folder / "conf"
    conf.mkdir()
    settings = {
        "CONF_VERSION": "2",
        "MACHINE": MACHINE,
        "DL_DIR": session.environment["DL_DIR"],
        "SSTATE_DIR": session.environment["SSTATE_DIR"],
        "BB_HASHSERVE_DB_DIR": "${SSTATE_DIR}",
        "BB_NO_NETWORK": "1",
        "CONNECTIVITY_CHECK_URIS": "",
    }
    (conf / "local.conf").write_text("".join(f'{name} = "{value}"\n' for name, value in settings.items()))
    (conf / "bblayers.conf").write_text(
        'POKY_BBLAYERS_CONF_VERSION = "2"\nBBPATH = "${TOPDIR}"\nBBFILES ?= ""\n'
        f'BBLAYERS ?= "{tree.root / LAYERS / "openembedded-core/meta"}"\n'
    )

"""oelint-adv over the layer, with .oelint.cfg."""

import re
import subprocess
import sys

from layer.report import CheckError, Outcome

CONFIGURATION = ".oelint.cfg"
FINDING = re.compile(
    r"(?P<file>[^:]+):(?P<line>-?\d+):(?P<level>error|warning|info):(?P<rule>[^:]+):(?P<why>.*)"
)


def check(tree):
    files = tree.metadata()
    ran = subprocess.run(
        [sys.executable, "-m", "oelint_adv", "--quiet", "--relpaths", *files],
        cwd=tree.root,
        capture_output=True,
        text=True,
    )
    outcome = Outcome(f"{len(files)} files")
    outcome.findings = parse(ran.stdout + ran.stderr).findings
    if ran.returncode != 0 and not outcome.findings:
        raise CheckError(
            "oelint-adv", f"ended with {ran.returncode}: {ran.stderr.strip() or ran.stdout.strip()}"
        )
    return reasons((tree.root / CONFIGURATION).read_text(), outcome)


def parse(text):
    outcome = Outcome()
    for line in text.splitlines():
        if found := FINDING.fullmatch(line.strip()):
            why = found["why"].removesuffix(" [branch:true]")
            hint = f"mend it, or suppress it in {CONFIGURATION} with the reason above it"
            outcome.find(f"{found['file']}:{found['line']}", f"{found['rule']}: {why}", hint)
    return outcome


def reasons(text, outcome):
    """Each suppression, or block of them, has its reason above it."""
    reasoned = False
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if line.startswith("#"):
            reasoned = True
        elif not line or "=" in line:
            reasoned = False
        elif line.startswith("oelint.") and not reasoned:
            outcome.find(
                f"{CONFIGURATION}:{number}",
                f"{line} is suppressed without a reason",
                "say why in a comment above it",
            )
    return outcome

"""Both builders make the same image: what image-builder finds in our packages
against what it composes without BitBake."""

import subprocess

from layer.report import Outcome

TABLE = "build/parity.md"
ARCHITECTURES = ("x86_64", "aarch64")


def check(tree, scratch, builder):
    outcome = Outcome()
    for file in sorted(tree.layer.rglob("*.wks*")):
        outcome.find(
            tree.show(file),
            "describes partitions, which image-builder alone does",
            "conf/variants/*.toml, [disk]",
        )
    tables = []
    for architecture in ARCHITECTURES:
        ran = subprocess.run(
            [builder, "--source", tree.root, "parity", "--first-party", scratch / "stage", "--arch", architecture],
            capture_output=True,
            text=True,
        )
        tables.append(f"# {architecture}\n\n{ran.stdout}")
        if ran.returncode:
            outcome.find(
                f"image-builder parity --arch {architecture}",
                said(ran.stderr) or f"ended with {ran.returncode}",
                f"the table is {TABLE}; differences that have a reason are listed in conf/parity.toml",
            )
    table = tree.root / TABLE
    table.parent.mkdir(exist_ok=True)
    table.write_text("\n".join(tables))
    rows = [row for table in tables for row in cells(table)]
    differing = sum(row[-1] != "same" for row in rows)
    outcome.facts = f"{len(rows) - differing} rows the same, {differing} explained: {TABLE}"
    return outcome


def cells(markdown):
    """The rows of a Markdown table below its head."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in markdown.splitlines()
        if line.startswith("|")
    ]
    return rows[2:]


def said(text):
    return text.strip().removeprefix("error: ")

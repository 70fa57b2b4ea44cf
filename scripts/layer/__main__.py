"""The command line behind scripts/check-layer."""

import argparse
import sys
import tempfile
from pathlib import Path

from layer import crates
from layer.report import Report
from layer.tree import Tree


def main():
    parser = argparse.ArgumentParser(prog="scripts/check-layer")
    parser.add_argument("level", choices=("quick", "parse", "build", "compat", "crates"))
    parser.add_argument("--mirrors", type=Path)
    parser.add_argument(
        "--builder", type=Path, help="the program image-builder [default: target/debug/image-builder]"
    )
    arguments = parser.parse_args()
    tree = Tree(Path(__file__).parents[2])
    report = Report()
    match arguments.level:
        case "crates":
            report.run("crates", crates.write, tree)
        case "quick":
            quick(tree, report, (arguments.builder or tree.root / "target/debug/image-builder").absolute())
        case level:
            upper(tree, report, level, arguments.mirrors)
    return report.end()


def quick(tree, report, builder):
    from layer import bitbake, kas_files, lint, parity, rootfs, selftest, software, stage, syntax, versions

    report.run("kas", kas_files.check, tree)
    report.run("lint", lint.check, tree)
    report.run("crates", crates.check, tree)
    with tempfile.TemporaryDirectory(prefix="check-layer-") as scratch:
        scratch = Path(scratch)
        parsed = report.run("syntax", syntax.check, tree)
        if parsed:
            report.run("versions", lambda: versions.check(tree, bitbake.Layer(tree, scratch / "versions")))
            report.run("software", lambda: software.check(tree, bitbake.Layer(tree, scratch / "software")))
        if parsed and report.run("stage", stage.check, tree, scratch, builder):
            report.run("rootfs", rootfs.check, tree, scratch)
            report.run("parity", parity.check, tree, scratch, builder)
    report.run("tests", selftest.check)


def upper(tree, report, level, mirrors):
    from layer import build, compat, parse

    {"parse": parse, "build": build, "compat": compat}[level].run(tree, report, mirrors)


if __name__ == "__main__":
    sys.exit(main())

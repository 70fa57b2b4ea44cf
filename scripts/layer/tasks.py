"""Runs tasks of our recipes, with the scripts that BitBake writes for them."""

import os
import subprocess
from pathlib import Path

from layer import bitbake  # before `bb`, which it makes whole
from layer.report import CheckError

import bb.build
import bb.data
import bb.fetch2


def unpack(recipe):
    """Puts the local files of SRC_URI where do_unpack puts them."""
    for folder in ("T", "UNPACKDIR", "D", "DL_DIR"):
        Path(recipe.getVar(folder)).mkdir(parents=True, exist_ok=True)
    try:
        fetch = bb.fetch2.Fetch(bitbake.words(recipe, "SRC_URI"), recipe)
        for url in fetch.urls:
            if not Path(fetch.localpath(url)).exists():
                raise CheckError(recipe.getVar("PN"), f"SRC_URI names {url}, which does not exist")
        fetch.unpack(recipe.getVar("UNPACKDIR"))
    except bb.fetch2.BBFetchException as error:
        raise CheckError(recipe.getVar("PN"), f"do_unpack: {error}") from error
    Path(recipe.getVar("B")).mkdir(parents=True, exist_ok=True)


def run(recipe, task, programs):
    """Runs a task of shell with the script that BitBake writes for it;
    `programs` is a folder with what native recipes would bring."""
    if recipe.getVarFlag(task, "noexec") or not recipe.getVar(task):
        return
    script = Path(recipe.getVar("T"), f"run.{task}")
    with script.open("w") as out:
        out.write(bb.build.shell_trap_code())
        bb.data.emit_func(task, out, recipe)
        out.write(f"cd '{recipe.getVar('B')}'\n{task}\n")
    environment = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}"}
    ran = subprocess.run(
        ["sh", script], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    )
    if ran.returncode:
        tail = " | ".join(ran.stdout.strip().splitlines()[-5:])
        raise CheckError(recipe.getVar("PN"), f"{task} ended with {ran.returncode}: {tail}")

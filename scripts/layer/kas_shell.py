"""Runs BitBake through kas, as an ordinary user and on local mirrors."""

import os
import re
import shlex
import subprocess
import sys

from layer import kas_files, mirrors
from layer.report import CheckError, Outcome

SUMMARY = re.compile(r"Attempted (\d+) tasks of which (\d+) didn't need to be rerun")
PARSED = re.compile(r"Parsing of (\d+) \.bb files complete .*?(\d+) skipped, (\d+) masked, (\d+) errors")

# Folders of build/ that warnings may speak of.
OTHERS = ("check-layer", "downloads", "layers", "sstate-cache")


class Session:
    """A build folder of its own; downloads and sstate are shared by all."""

    def __init__(self, tree, name, mirror_folder, sstate=None):
        self.tree = tree
        self.configured = None
        self.folder = tree.root / "build/check-layer" / name
        self.mirror_folder = mirror_folder
        # What is ours is nothing for BitBake's Python.
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        self.environment = inherited | {
            "GITCONFIG_FILE": str(self.folder / "gitconfig"),
            "KAS_WORK_DIR": str(tree.root),
            "KAS_BUILD_DIR": str(self.folder),
            "DL_DIR": str(tree.root / "build/downloads"),
            "SSTATE_DIR": str(sstate or tree.root / "build/sstate-cache"),
            "BOTTLEROCKET_DEBIAN_CACHE": os.environ.get("BOTTLEROCKET_CACHE", str(tree.root / "build/cache")),
            "LC_ALL": "en_US.UTF-8",
        }

    def prepare(self):
        """Makes what BitBake needs of the machine, and clones the layers."""
        ensure_locale()
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "gitconfig").write_text(mirrors.git_configuration(self.tree, self.mirror_folder))
        self.run([sys.executable, "-m", "kas", "checkout", kas_files.BASE], "checkout")
        layers = kas_files.repositories(kas_files.load(self.tree.root / kas_files.BASE, kas_files.BASE))
        return Outcome(f"{len(layers)} repositories in build/layers")

    def shell(self, files, command, log):
        """Runs a command in the environment of the build; returns what it wrote.
        `files` are names of overlays in conf/kas."""
        # What is configured is left alone: written anew, or layers patched anew,
        # BitBake would parse everything again.
        keep = ["--keep-config-unchanged"] if self.configured == files else []
        self.configured = files
        configuration = ":".join([kas_files.BASE, *(f"conf/kas/{name}.yml" for name in files)])
        path = f"PATH={shlex.quote(compiler_folder())}:/usr/bin:$PATH"
        return self.run(
            [sys.executable, "-m", "kas", "shell", *keep, configuration, "-c", f"export {path}; {command}"],
            log,
        )

    def run(self, argv, log):
        """Runs a program that must succeed; returns what it wrote."""
        text, status = self.attempt(argv, log)
        if status:
            errors = [line for line in text.splitlines() if "ERROR" in line or "error:" in line]
            said = " | ".join(errors[:5] or text.strip().splitlines()[-3:])
            raise CheckError(
                log, f"ended with {status}: {said}", f"less {self.tree.show(self.folder)}/log.{log}"
            )
        return text

    def attempt(self, argv, log):
        """Runs a program; returns what it wrote, and its exit status."""
        path = self.folder / f"log.{log}"
        print(f"==> {log} (log: {self.tree.show(path)})", file=sys.stderr, flush=True)
        with path.open("w") as out:
            ran = subprocess.run(
                [*ordinary_user(), *argv],
                cwd=self.tree.root,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        return path.read_text(errors="replace"), ran.returncode


def problems(tree, text):
    """Lines that no run may have: errors, and warnings about what is ours."""
    others = re.compile(rf"{re.escape(str(tree.root))}/build/({'|'.join(OTHERS)})\b")
    found = []
    for line in dict.fromkeys(text.splitlines()):
        rest = others.sub("", line)
        ours = str(tree.root) in rest or "bottlerocket" in rest
        if line.startswith("ERROR:") or (line.startswith("WARNING:") and ours):
            found.append(line)
    return found


def compiler_folder():
    """Where cargo and rustc are themselves: rustup's proxies need HOME."""
    root = subprocess.run(["rustc", "--print", "sysroot"], capture_output=True, text=True, check=True)
    return f"{root.stdout.strip()}/bin"


def ordinary_user():
    """BitBake refuses root."""
    return ["unshare", "--user", "--map-user=1000", "--map-group=1000"] if os.geteuid() == 0 else []


def ensure_locale():
    """BitBake's own programs run in en_US.UTF-8."""
    there = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=True).stdout
    if "en_us.utf8" in there.lower().replace("-", ""):
        return
    as_root = [] if os.geteuid() == 0 else ["sudo"]
    made = subprocess.run(
        [*as_root, "localedef", "-i", "en_US", "-f", "UTF-8", "en_US.UTF-8"], capture_output=True, text=True
    )
    if made.returncode:
        raise CheckError(
            "localedef",
            f"cannot make the locale en_US.UTF-8: {made.stderr.strip()}",
            "dpkg-reconfigure locales",
        )

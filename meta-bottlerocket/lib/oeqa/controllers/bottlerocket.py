# SPDX-License-Identifier: Apache-2.0 OR MIT
"""A node in QEMU, for TEST_TARGET = "BottlerocketTarget".

The node has neither a shell nor ssh. Development variants have a channel that
the program `vm` (recipe vm-native) speaks; everything here goes through it.
`vm` finds QEMU and its firmware in the folder that BOTTLEROCKET_TOOLS names,
else on PATH and in /usr/share.
"""

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oeqa.core.target import OETarget

# What `vm` writes below its state folder.
CONSOLE_LOG = "console.raw.log"

# What a terminal understands, and no reader of a log wants.
CONTROL_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[^\[]|\r")

# How long `vm` may take on top of what it was told to wait.
SLACK_SECONDS = 60


class VmError(RuntimeError):
    """`vm`, or the program that it ran in the node, failed."""


class ApiError(VmError):
    """The settings API refused a request."""


@dataclass(frozen=True)
class Finished:
    """A program that has ended."""

    status: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Vm:
    """The program `vm`, and the folder by which it knows its node."""

    program: Path
    state: Path

    def call(self, command: str, *arguments: str, timeout: int = 600) -> Finished:
        """Runs a subcommand, whatever comes of it."""
        argv = [str(self.program), "--state", str(self.state), command, *arguments]
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout,
            check=False,
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    def output(self, command: str, *arguments: str, timeout: int = 600) -> str:
        """What a subcommand that must succeed writes."""
        done = self.call(command, *arguments, timeout=timeout)
        if done.status != 0 or "longer than the channel carries" in done.stderr:
            line = shlex.join(["vm", command, *arguments])
            raise VmError(f"{line}: status {done.status}: {done.stderr.strip()}")
        return done.stdout


def image_folder(rootfs: str) -> Path:
    """The deployed folder of an image: its link name, whatever type follows."""
    folder = Path(rootfs)
    while folder.suffix and not folder.is_dir():
        folder = folder.with_suffix("")
    return folder


def find_program(native_sysroot: str | None) -> Path:
    """`vm` of the recipe's sysroot, else of PATH."""
    folders = [str(Path(native_sysroot, "usr", "bin"))] if native_sysroot else []
    for path in (*folders, None):
        if found := shutil.which("vm", path=path):
            return Path(found)
    raise VmError("there is no program `vm`: build vm-native")


class BottlerocketTarget(OETarget):
    """The deployed folder of an image, started as a node for the tests."""

    def __init__(
        self,
        logger,
        target_ip,
        server_ip,
        *,
        rootfs: str,
        bootlog: str,
        boottime: int = 300,
        kvm: bool = False,
        native_sysroot: str | None = None,
        **_,
    ):
        super().__init__(logger)
        self.ip = target_ip
        self.server_ip = server_ip
        self.image = image_folder(rootfs)
        self.bootlog = Path(bootlog)
        self.boot_seconds = boottime
        self.accelerator = "auto" if kvm else "emulation"
        self.vm = Vm(find_program(native_sysroot), self.bootlog.with_name("node"))

    def start(self, params=None, **_):
        """Boots the image with a fresh disk; `params` are options of `vm start`."""
        self.stop()
        self.check_reachable()
        self.vm.state.mkdir(parents=True, exist_ok=True)
        options = [
            *("--image", str(self.image)),
            *("--architecture", self.architecture()),
            *("--accelerator", self.accelerator),
            *("--wait", str(self.boot_seconds)),
            "--detach",
            *shlex.split(params or ""),
        ]
        timeout = self.boot_seconds + SLACK_SECONDS
        self.logger.info("%s boots (console: %s)", self.image.name, self.vm.state / CONSOLE_LOG)
        try:
            self.vm.output("start", *options, timeout=timeout)
        except (VmError, subprocess.TimeoutExpired):
            self.stop()
            raise

    def stop(self):
        """Powers the node off, if one runs, and keeps what its console said."""
        if self.vm.call("status").status == 0:
            self.vm.output("stop")
        self.bootlog.write_text(self.console(), encoding="utf-8")

    def check_reachable(self):
        """Refuses an image whose node would answer nobody."""
        contents = json.loads((self.image / "contents.json").read_text(encoding="utf-8"))
        if "development" not in contents["software"]:
            raise VmError(f"{self.image.name} is no development image: it has no channel for tests")

    def architecture(self) -> str:
        """That of the disk: `bottlerocket-VARIANT-ARCHITECTURE.img`."""
        disks = list(self.image.glob("bottlerocket-*.img"))
        if len(disks) != 1:
            raise VmError(f"expected one disk (bottlerocket-*.img) in {self.image}, found {disks}")
        return disks[0].stem.rpartition("-")[2]

    def run(self, cmd: str | Sequence[str], timeout: int | None = None, **_) -> tuple[int, str]:
        """Runs a program of the node, without a shell, and returns its status
        and what it wrote. A string is split into words as a shell would."""
        argv = shlex.split(cmd) if isinstance(cmd, str) else list(cmd)
        seconds = timeout or 300
        done = self.vm.call(
            "run", "--timeout", str(seconds), *argv, timeout=seconds + SLACK_SECONDS
        )
        return done.status, (done.stdout + done.stderr).strip()

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """Sends a request to the settings API and returns its answer."""
        arguments = ["raw", "--method", method, "--uri", path]
        if body is not None:
            arguments += ["--data", json.dumps(body)]
        done = self.vm.call("apiclient", *arguments)
        if done.status != 0:
            raise ApiError(f"{method} {path}: {done.stderr.strip()}")
        return json.loads(done.stdout) if done.stdout.strip() else None

    def read(self, path: str) -> str:
        """A file of the node."""
        return self.vm.output("read", path)

    def report(self) -> dict[str, Any]:
        """What the node runs, and when it reached each stage of its boot."""
        return json.loads(self.vm.output("report", "--json"))

    def journal(self, *arguments: str) -> list[str]:
        """Messages of the current boot; arguments of journalctl choose them."""
        output = self.vm.output("journal", "-b", "-o", "json", "--output-fields=MESSAGE", *arguments)
        messages = (json.loads(line).get("MESSAGE") for line in output.splitlines())
        # One that is not UTF-8 is an array of bytes; one that is too long, null.
        return [
            bytes(m).decode("utf-8", "replace") if isinstance(m, list) else m or ""
            for m in messages
        ]

    def console(self) -> str:
        """What the serial console has shown so far."""
        try:
            raw = (self.vm.state / CONSOLE_LOG).read_bytes()
        except FileNotFoundError:
            return ""
        return CONTROL_SEQUENCE.sub("", raw.decode("utf-8", "replace"))

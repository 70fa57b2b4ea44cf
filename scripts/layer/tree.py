"""The source tree: where things are, and the definition of the system in conf/."""

import tomllib
from pathlib import Path

from layer.report import CheckError

METADATA = (".bb", ".bbappend", ".bbclass", ".inc", ".conf")


class Tree:
    """A checkout of the repository."""

    def __init__(self, root):
        self.root = Path(root).resolve()
        self.layer = self.root / "meta-bottlerocket"

    def show(self, path):
        """A path as messages name it: from the top of the tree."""
        path = Path(path)
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)

    def metadata(self):
        """All files of the layer that BitBake parses."""
        return sorted(path for path in self.layer.rglob("*") if path.suffix in METADATA)

    def toml(self, name):
        """A TOML file as a dictionary."""
        try:
            return tomllib.loads((self.root / name).read_text())
        except tomllib.TOMLDecodeError as error:
            raise CheckError(name, f"is no TOML: {error}") from error

    def folder(self, name):
        """The TOML files of a folder of conf/, by name without ending."""
        files = sorted((self.root / "conf" / name).glob("*.toml"))
        return {file.stem: self.toml(self.show(file)) for file in files}

    def variants(self):
        """Those that there are images of; others only have settings."""
        files = self.folder("variants").items()
        return {name: variant for name, variant in files if "software" in variant}

    def software(self):
        return self.folder("software")

    def version(self):
        return self.toml("Cargo.toml")["workspace"]["package"]["version"]

"""workspace-crates.inc: what BitBake fetches, from Cargo.lock."""

from layer.report import CheckError, Outcome

NAME = "meta-bottlerocket/recipes-bottlerocket/workspace-crates.inc"
REGISTRY = "registry+https://github.com/rust-lang/crates.io-index"
CONTINUATION = " \\"


def text(lock):
    """The file that a Cargo.lock gives."""
    crates = []
    for package in lock["package"]:
        source = package.get("source")
        if source == REGISTRY:
            crates.append((package["name"], package["version"], package["checksum"]))
        elif source:
            raise CheckError(
                "Cargo.lock",
                f"{package['name']} comes from {source}",
                "crates come from crates.io, or lie in the workspace",
            )
    lines = ["# Made from Cargo.lock: scripts/check-layer crates", "", 'SRC_URI += " \\']
    lines += [f"    crate://crates.io/{name}/{version} \\" for name, version, _ in crates]
    lines += ['"', ""]
    lines += [f'SRC_URI[{name}-{version}.sha256sum] = "{checksum}"' for name, version, checksum in crates]
    return "\n".join(lines) + "\n"


def check(tree):
    want = text(tree.toml("Cargo.lock"))
    found = (tree.root / NAME).read_text()
    outcome = Outcome(f"{want.count('crate://')} crates")
    if found != want:
        missing, more = (
            sorted(set(a.splitlines()) - set(b.splitlines())) for a, b in ((want, found), (found, want))
        )
        verb, lines = ("lacks", missing) if missing else ("has", more)
        examples = "; ".join(f"{verb} {line.strip(CONTINUATION)}" for line in lines[:3]) or "their order"
        why = f"differs from Cargo.lock ({len(missing)} lines missing, {len(more)} too many): {examples}"
        outcome.find(NAME, why, "scripts/check-layer crates")
    return outcome


def write(tree):
    want = text(tree.toml("Cargo.lock"))
    (tree.root / NAME).write_text(want)
    return Outcome(f"{NAME}: {want.count('crate://')} crates")

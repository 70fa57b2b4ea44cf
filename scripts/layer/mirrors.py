"""Local copies of the repositories of kas.yml, in place of their URLs."""

import subprocess

from layer import kas_files
from layer.report import CheckError


def git_configuration(tree, mirrors):
    """safe.directory, as the user is another than the owner; mirrors for URLs."""
    lines = ["[safe]", "\tdirectory = *"]
    if mirrors is None:
        return "\n".join(lines) + "\n"
    base = kas_files.load(tree.root / kas_files.BASE, kas_files.BASE)
    lock = kas_files.load(tree.root / kas_files.LOCK, kas_files.LOCK)
    for name, repo in kas_files.repositories(base).items():
        commit = lock["overrides"]["repos"][name]["commit"]
        mirror = find_mirror(mirrors, name, repo["url"], commit)
        lines += [f'[url "{mirror}"]', f"\tinsteadOf = {repo['url']}"]
    return "\n".join(lines) + "\n"


def find_mirror(mirrors, name, url, commit):
    for folder in (mirrors / name, mirrors / f"{name}.git"):
        if folder.is_dir():
            break
    else:
        raise CheckError(
            mirrors,
            f"holds no mirror {name}",
            f"git clone --bare {url} {mirrors / name}.git; wanted is commit {commit}",
        )
    has = subprocess.run(
        ["git", "-c", "safe.directory=*", "-C", folder, "cat-file", "-e", f"{commit}^{{commit}}"],
        capture_output=True,
        text=True,
    )
    if has.returncode:
        raise CheckError(
            folder,
            f"lacks commit {commit} of {url}",
            f"git -C {folder} fetch {url} {commit}: {has.stderr.strip()}",
        )
    return folder

"""Our publisher and python-tuf's client, then python-tuf's repository and our
client.

usage: both_ways.py PUBLISHER UPDOG
"""

import functools
import hashlib
import http.server
import json
import pathlib
import subprocess
import sys
import tempfile
import threading
from datetime import datetime, timedelta, timezone

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.ngclient import Updater

publisher, updog = sys.argv[1:]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


def serve(folder):
    handler = functools.partial(Quiet, directory=folder)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}"


def image(folder, version):
    """A folder like one that image-builder makes."""
    folder.mkdir()
    contents = {"variant": "metal-dev", "architecture": "x86_64", "version": version}
    (folder / "contents.json").write_text(json.dumps(contents))
    for name in ("bottlerocket-metal-dev-x86_64.efi", "root.erofs", "root.hash"):
        (folder / name).write_text(f"{name} of {version}")


def ours_to_theirs(work):
    key, repository = work / "key", work / "repository"
    signed = ["--repository", repository, "--key", key]
    run = functools.partial(subprocess.run, check=True, stdout=subprocess.DEVNULL)
    run([publisher, "key", key])
    run([publisher, "init", *signed])
    image(work / "image", "1.1.0")
    run([publisher, "add", *signed, "--image", work / "image"])
    base = serve(repository)
    (work / "client").mkdir()
    (work / "downloads").mkdir()
    client = Updater(
        str(work / "client"),
        f"{base}/metadata/",
        str(work / "downloads"),
        f"{base}/targets/",
        bootstrap=(repository / "metadata/1.root.json").read_bytes(),
    )
    client.refresh()
    targets = Metadata[Targets].from_file(str(work / "client/targets.json")).signed.targets
    assert len(targets) == 4, targets
    for name in targets:
        client.download_target(client.get_targetinfo(name))


def theirs_to_ours(work):
    signer = CryptoSigner.generate_ed25519()
    expires = datetime.now(timezone.utc) + timedelta(days=1)
    expires = expires.replace(microsecond=0)
    images = {part: f"1.1.0-{part}.lz4" for part in ("boot", "root", "hash")}
    update = {
        "variant": "metal-dev",
        "arch": "x86_64",
        "version": "1.1.0",
        "max_version": "1.1.0",
        "waves": {},
        "images": images,
    }
    files = {name: name.encode() for name in images.values()}
    files["manifest.json"] = json.dumps({"updates": [update], "migrations": {}}).encode()

    metadata, folder = work / "theirs/metadata", work / "theirs/targets"
    metadata.mkdir(parents=True)
    folder.mkdir()
    targets = Targets(expires=expires)
    for name, data in files.items():
        targets.targets[name] = TargetFile.from_data(name, data)
        (folder / f"{hashlib.sha256(data).hexdigest()}.{name}").write_bytes(data)
    root = Root(expires=expires, consistent_snapshot=True)
    for role in ("root", "targets", "snapshot", "timestamp"):
        root.add_key(signer.public_key, role)
    snapshot = Snapshot(expires=expires, meta={"targets.json": MetaFile(1)})
    timestamp = Timestamp(expires=expires, snapshot_meta=MetaFile(1))
    for name, role in (
        ("1.root.json", root),
        ("1.targets.json", targets),
        ("1.snapshot.json", snapshot),
        ("timestamp.json", timestamp),
    ):
        signed = Metadata(role)
        signed.sign(signer)
        signed.to_file(str(metadata / name))

    base = serve(work / "theirs")
    node = work / "node"
    (node / "usr/lib").mkdir(parents=True)
    (node / "sys/class/block").mkdir(parents=True)
    (node / "usr/lib/os-release").write_text("VARIANT_ID=metal-dev\nVERSION_ID=1.0.0\n")
    (node / "updog.toml").write_text(
        f"metadata_base_url = '{base}/metadata'\ntargets_base_url = '{base}/targets'\n"
    )
    found = subprocess.run(
        [
            updog, "check-update", "--json", "--root", node, "--config", node / "updog.toml",
            "--trusted-root", metadata / "1.root.json", "--seen", node / "seen",
            "--run", node / "run",
        ],
        check=True,
        capture_output=True,
    ).stdout
    assert json.loads(found)[0]["version"] == "1.1.0", found


for way in (ours_to_theirs, theirs_to_ours):
    with tempfile.TemporaryDirectory() as work:
        way(pathlib.Path(work))

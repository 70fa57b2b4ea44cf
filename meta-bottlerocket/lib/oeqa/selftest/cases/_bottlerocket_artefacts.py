# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What an image consists of, read without any tool that made it."""

import hashlib
import json
import struct
import uuid
import zlib
from dataclasses import dataclass
from pathlib import Path

SECTOR = 512
EROFS_MAGIC = 0xE0F5E1E2


@dataclass(frozen=True)
class Partition:
    """A partition; offset and size in bytes."""

    label: str
    offset: int
    size: int
    type_uuid: str
    uuid: str


@dataclass(frozen=True)
class Table:
    """A partition table."""

    disk_uuid: str
    partitions: list[Partition]


def layout(path: Path) -> Table:
    """The table that `layout.json` describes."""
    described = json.loads(path.read_text(encoding="utf-8"))
    partitions = [Partition(**partition) for partition in described["partitions"]]
    return Table(described["disk_uuid"], partitions)


def _gpt_header(sector: bytes) -> tuple:
    """Fields of a GPT header (UEFI 2.10, 5.3.2), once its checksum is right."""
    fields = struct.unpack_from("<8sIIIIQQQQ16sQIII", sector)
    signature, _, length, checksum = fields[:4]
    if signature != b"EFI PART":
        raise ValueError("no GPT header")
    if zlib.crc32(sector[:16] + bytes(4) + sector[20:length]) != checksum:
        raise ValueError("the GPT header's checksum is wrong")
    return fields


def gpt(disk: Path) -> Table:
    """The table on a disk; both of its copies must be sound and agree."""
    with disk.open("rb") as file:
        tables = []
        backup = disk.stat().st_size // SECTOR - 1
        for sector in (1, backup):
            file.seek(sector * SECTOR)
            fields = _gpt_header(file.read(SECTOR))
            identity, start, count, length, checksum = fields[9:14]
            file.seek(start * SECTOR)
            entries = file.read(count * length)
            if zlib.crc32(entries) != checksum:
                raise ValueError(f"the checksum of the entries at sector {start} is wrong")
            tables.append((identity, length, entries))
    if tables[0] != tables[1]:
        raise ValueError("the two partition tables differ")
    identity, length, entries = tables[0]
    partitions = []
    for position in range(0, len(entries), length):
        kind, own, first, last, _, name = struct.unpack_from("<16s16sQQQ72s", entries, position)
        if kind != bytes(16):
            partitions.append(
                Partition(
                    label=name.decode("utf-16-le").rstrip("\0"),
                    offset=first * SECTOR,
                    size=(last - first + 1) * SECTOR,
                    type_uuid=str(uuid.UUID(bytes_le=kind)),
                    uuid=str(uuid.UUID(bytes_le=own)),
                )
            )
    return Table(str(uuid.UUID(bytes_le=identity)), partitions)


def pe_sections(program: Path) -> dict[str, bytes]:
    """The sections of a PE program, such as a unified kernel image."""
    data = program.read_bytes()
    (header,) = struct.unpack_from("<I", data, 0x3C)
    if data[:2] != b"MZ" or data[header : header + 4] != b"PE\0\0":
        raise ValueError(f"{program} is no PE program")
    count, optional = struct.unpack_from("<2xH12xH", data, header + 4)
    sections = {}
    for index in range(count):
        entry = header + 24 + optional + 40 * index
        name, size, _, stored, start = struct.unpack_from("<8sIIII", data, entry)
        sections[name.rstrip(b"\0").decode()] = data[start : start + min(size, stored)]
    return sections


def is_erofs(image: Path) -> bool:
    """Whether a file starts as an EROFS file system does."""
    with image.open("rb") as file:
        file.seek(1024)
        return file.read(4) == struct.pack("<I", EROFS_MAGIC)


def verity_root_hash(data: Path, tree: Path) -> str:
    """The root hash of a file, computed anew with the salt and block size of
    its dm-verity hash tree (format 1, SHA-256)."""
    with tree.open("rb") as file:
        superblock = file.read(512)
    signature, version, _, name, block, _, blocks, salt_length = struct.unpack_from(
        "<8sII16x32sIIQH", superblock
    )
    algorithm = name.rstrip(b"\0").decode()
    if signature != b"verity\0\0" or version != 1 or algorithm != "sha256":
        raise ValueError(f"{tree} is no dm-verity hash tree of SHA-256")
    salt = superblock[88 : 88 + salt_length]
    salted = hashlib.sha256(salt)

    def digest(piece: bytes) -> bytes:
        state = salted.copy()
        state.update(piece.ljust(block, b"\0"))
        return state.digest()

    with data.open("rb") as file:
        level = b"".join(digest(file.read(block)) for _ in range(blocks))
    while len(level) > 32:
        level = b"".join(digest(level[at : at + block]) for at in range(0, len(level), block))
    return level.hex()


def starts_with(disk: Path, offset: int, content: Path) -> bool:
    """Whether a file lies on a disk at this offset."""
    piece = 1 << 20
    with disk.open("rb") as whole, content.open("rb") as part:
        whole.seek(offset)
        while expected := part.read(piece):
            if whole.read(len(expected)) != expected:
                return False
    return True

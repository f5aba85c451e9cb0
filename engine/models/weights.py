"""What is in safetensors files, read from their headers alone: no torch, no weights in memory."""

from __future__ import annotations

import json
import math
import os
import re
import struct
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

Shapes = Mapping[str, tuple[int, ...]]
"""Tensor name → its shape."""

MAX_HEADER_BYTES: Final = 32 * 2**20
_BYTES: Final = {"BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "I16": 2, "U16": 2, "F16": 2, "BF16": 2}
_BYTES_WIDE: Final = {"I32": 4, "U32": 4, "F32": 4, "I64": 8, "U64": 8, "F64": 8}
_HUB_ID: Final = re.compile(r"[\w.-]+/[\w.-]+")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
PINNED: Final = "likeness"
"""The ref in the hub's cache that keeps the commit a model was fetched at."""


class BadWeights(ValueError):
    """The file is not the safetensors file that its name says; str() is a clause."""


def shapes(file: Path) -> Shapes:
    """The shape of every tensor in the file. Raises BadWeights, also for a file that was cut off."""
    try:
        with file.open("rb") as opened:
            length = _header_length(opened.read(8), file.stat().st_size)
            header = json.loads(opened.read(length))
    except (OSError, ValueError, RecursionError) as error:
        raise BadWeights("it cannot be read as safetensors") from error
    if not isinstance(header, dict):
        raise BadWeights("it cannot be read as safetensors")
    header.pop("__metadata__", None)
    _check_whole(header, file.stat().st_size - 8 - length)
    if not all(isinstance(side, int) and side >= 0 for entry in header.values() for side in entry["shape"]):
        raise BadWeights("its header makes no sense")
    return {name: tuple(entry["shape"]) for name, entry in header.items()}


def part_shapes(source: str, part: str) -> Shapes:
    """The tensors of one part of a model (such as "transformer") in a folder or the hub's cache; {} when not there."""
    folder = folder_of(source)
    if folder is None:
        return {}
    found: dict[str, tuple[int, ...]] = {}
    for file in sorted((folder / part).glob("*.safetensors")):
        found |= shapes(file)
    return found


def folder_of(source: str) -> Path | None:
    """Where a model's files are on this machine now: its folder, or in the hub's cache the snapshot that it is kept at.

    That is the commit it was fetched at here; without one what the hub's own tools fetched last. None: nowhere.
    """
    folder = Path(source)
    if folder.is_dir():
        return folder
    if not is_hub_id(source):
        return None
    repository = repository_folder(source)
    for name in (PINNED, "main"):
        commit = _ref(repository, name)
        if commit:
            snapshot = repository / "snapshots" / commit
            return snapshot if snapshot.is_dir() else None
    found = sorted((repository / "snapshots").glob("*/"), key=lambda snapshot: snapshot.stat().st_mtime)
    return found[-1] if found else None


def is_hub_id(source: str) -> bool:
    """Whether this names a model on a hub and no folder or file here."""
    return _HUB_ID.fullmatch(source) is not None and ".." not in source and not Path(source).exists()


def is_commit(text: str) -> bool:
    """Whether this is the full name of a commit."""
    return _COMMIT.fullmatch(text) is not None


def hub_cache() -> Path:
    """The folder of the hub's cache, as its own tools find it."""
    named = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
    if named:
        return Path(os.path.expandvars(named)).expanduser()
    caches = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    home = os.environ.get("HF_HOME") or f"{caches}/huggingface"
    return Path(os.path.expandvars(home)).expanduser() / "hub"


def repository_folder(source: str) -> Path:
    """The folder of one model in the hub's cache."""
    return hub_cache() / f"models--{source.replace('/', '--')}"


def _ref(repository: Path, name: str) -> str:
    """The commit that a name stands for; "" when that is not known."""
    try:
        commit = (repository / "refs" / name).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
    return commit if is_commit(commit) else ""


def _header_length(prefix: bytes, file_bytes: int) -> int:
    (length,) = struct.unpack("<Q", prefix) if len(prefix) == 8 else (0,)
    if not 0 < length <= min(MAX_HEADER_BYTES, file_bytes - 8):
        raise BadWeights("it cannot be read as safetensors")
    return int(length)


def _check_whole(header: Mapping[str, Any], data_bytes: int) -> None:
    """Raises BadWeights unless the tensors fill the file without gaps, each with the bytes of its shape."""
    try:
        spans = sorted((*entry["data_offsets"], entry["dtype"], tuple(entry["shape"])) for entry in header.values())
        for start, end, dtype, shape in spans:
            width = _BYTES.get(dtype) or _BYTES_WIDE.get(dtype)
            if width is not None and end - start != width * math.prod(shape):
                raise BadWeights("its tensors do not have the size that it says")
        if [span[0] for span in spans[:1]] not in ([], [0]) or any(a[1] != b[0] for a, b in pairwise(spans)):
            raise BadWeights("its tensors leave gaps")
        if (spans[-1][1] if spans else 0) != data_bytes:
            raise BadWeights("it was cut off")
    except (KeyError, TypeError, ValueError) as error:
        raise error if isinstance(error, BadWeights) else BadWeights("its header makes no sense") from error

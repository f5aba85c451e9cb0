"""Characters as callers see them, and how they are read from the database."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from data.core.data_errors import BadHandle

Origin = Literal["portrait", "upload"]
MOST_REFERENCES = 5
"""How many pictures one version of a character has at most."""
_HANDLE = re.compile(r"[A-Za-z0-9_-]{1,15}")
_WITH_VERSION = re.compile(r"@?([^:]*)(?::([0-9]{1,4}))?")


@dataclass(frozen=True, slots=True)
class FaceMeasure:
    """What was measured of a face: 128 little-endian float32, the aligned face's pattern, and by which measure."""

    embedding: bytes
    pattern: bytes
    version: int


@dataclass(frozen=True, slots=True)
class CharacterReference:
    """One picture of a character. `crop_sha256` is the face alone; None, as `measured`, when no face was measured.

    `looks` are words about hair, beard and glasses as JSON, "" where none were said.
    """

    id: int
    sha256: str
    origin: Origin
    portrait_id: int | None
    position: int
    crop_sha256: str | None = None
    measured: bool = False
    looks: str = ""


@dataclass(frozen=True, slots=True)
class Character:
    """A saved face; `references` are those of its `version`, in order.

    Versions are counted from 1 to `versions`; a handle without one means `default_version`. `shared_in` is the server
    that may use it besides its owner, `scale` how strongly models are held to it (None: as they are set).
    """

    id: int
    user_id: int
    guild_id: int
    handle: str
    version: int
    references: tuple[CharacterReference, ...]
    created_at: float
    default_version: int = 1
    versions: int = 1
    shared_in: int | None = None
    description: str = ""
    scale: float | None = None


@dataclass(frozen=True, slots=True)
class CharacterUse:
    """Where a character was used: how many portraits of it there are, its newest (ids, newest first), and their
    likenesses (0…100): the median and the worst of the `measured` ones, and the last of these by portrait id, oldest
    first."""

    portraits: int
    newest: tuple[int, ...]
    measured: int
    median: float | None
    worst: float | None
    lately: tuple[tuple[int, float], ...] = ()


def check_handle(handle: str) -> str:
    """`handle` without a leading "@" and spaces around it. Raises `BadHandle`."""
    bare = handle.strip().removeprefix("@")
    if not _HANDLE.fullmatch(bare):
        raise BadHandle(handle)
    return bare


def split_handle(handle: str) -> tuple[str, int | None]:
    """The name and the version of "@ana:2"; a name that no character can have when it is neither."""
    match = _WITH_VERSION.fullmatch(handle.strip())
    if match is None:
        return "", None
    return match[1], int(match[2]) if match[2] else None


SELECT = """
SELECT c.id, c.user_id, c.guild_id, c.handle, r.version, c.created_at, c.version AS default_version,
    (SELECT max(v.version) FROM character_references v WHERE v.character_id = c.id) AS versions,
    c.shared_in, c.description, c.scale,
    r.id AS reference_id, r.sha256, r.origin, r.portrait_id, r.position, r.crop_sha256,
    r.embedding IS NOT NULL AS measured, r.looks
FROM characters c
JOIN character_references r ON r.character_id = c.id AND r.version = coalesce(:version, c.version)
"""
SHARED = """
(c.shared_in = :guild AND :guild <> 0
    AND NOT EXISTS (SELECT 1 FROM bans b WHERE b.guild_id = c.shared_in AND b.user_id = c.user_id))
"""
"""Of `characters c`: what others may see and use in a server. What somebody who is banned there has shared comes back
when the ban is lifted."""


def characters_of(rows: Sequence[sqlite3.Row]) -> Sequence[Character]:
    """The characters in rows of `SELECT`; those of one character must follow each other."""
    return [_character(list(group)) for _, group in groupby(rows, key=lambda row: int(row["id"]))]


def _character(rows: Sequence[sqlite3.Row]) -> Character:
    first = rows[0]
    return Character(
        id=first["id"],
        user_id=first["user_id"],
        guild_id=first["guild_id"],
        handle=first["handle"],
        version=first["version"],
        references=tuple(_reference(row) for row in rows),
        created_at=first["created_at"],
        default_version=first["default_version"],
        versions=first["versions"],
        shared_in=first["shared_in"],
        description=first["description"],
        scale=first["scale"],
    )


def _reference(row: sqlite3.Row) -> CharacterReference:
    return CharacterReference(
        row["reference_id"],
        row["sha256"],
        row["origin"],
        row["portrait_id"],
        row["position"],
        row["crop_sha256"],
        bool(row["measured"]),
        row["looks"],
    )

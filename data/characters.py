"""Characters: a face that a user saved under a handle, with its reference pictures."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from data.database import Database
from data.errors import BadHandle
from data.pictures import PictureStore, StagedPicture

Origin = Literal["portrait", "upload"]
_HANDLE = re.compile(r"[A-Za-z0-9_-]{1,15}")


@dataclass(frozen=True, slots=True)
class CharacterReference:
    id: int
    sha256: str
    origin: Origin
    portrait_id: int | None
    position: int


@dataclass(frozen=True, slots=True)
class Character:
    """A saved face; `references` are those of its current version, in order."""

    id: int
    user_id: int
    guild_id: int
    handle: str
    version: int
    references: tuple[CharacterReference, ...]
    created_at: float


def check_handle(handle: str) -> str:
    """`handle` without a leading "@" and spaces around it. Raises `BadHandle`."""
    bare = handle.strip().removeprefix("@")
    if not _HANDLE.fullmatch(bare):
        raise BadHandle(handle)
    return bare


class Characters:
    def __init__(self, db: Database, pictures: PictureStore) -> None:
        self._db = db
        self._pictures = pictures

    async def save(
        self,
        user_id: int,
        guild_id: int,
        handle: str,
        picture: StagedPicture | str,
        *,
        origin: Origin,
        portrait_id: int | None = None,
        now: float,
    ) -> Character:
        """Save a face from a staged picture, or from a stored one by its sha256.

        Raises `BadHandle`, `HandleTaken`, `PictureMissing`, `NoSpace`; a staged picture is then still staged.
        """
        raise NotImplementedError

    async def get(self, user_id: int, handle: str) -> Character | None:
        """The user's character of that name, upper and lower case being the same."""
        raise NotImplementedError

    async def list(self, user_id: int) -> Sequence[Character]:
        """The user's characters by handle."""
        raise NotImplementedError

    async def handles(self, user_id: int) -> Sequence[str]:
        raise NotImplementedError

    async def delete(self, user_id: int, handle: str) -> bool:
        """Delete the character and its pictures (one that an open order needs goes when that order closes)."""
        raise NotImplementedError

"""Pictures as files named by their content's hash, beside the database that says which of them are needed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from data.database import Database, Transaction

EXTENSIONS = ("png", "webp", "jpg")


@dataclass(frozen=True, slots=True)
class StagedPicture:
    """A picture on disk under a temporary name, which no row knows yet."""

    sha256: str
    ext: str
    bytes: int
    width: int
    height: int
    file: Path


@dataclass(frozen=True, slots=True)
class Picture:
    """A stored picture; sizes in bytes and pixels."""

    sha256: str
    ext: str
    bytes: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Swept:
    """What `PictureStore.sweep` found: files removed, and rows whose file is missing."""

    temporary: int
    rowless: int
    missing: tuple[str, ...]


class PictureStore:
    def __init__(self, db: Database, folder: Path | None = None) -> None:
        """`folder` is `pictures` beside the database when not given; it is created when missing."""
        raise NotImplementedError

    async def stage(self, content: bytes, ext: str = "png") -> StagedPicture:
        """Write `content` under a temporary name, durably. Raises `BadPicture`, `NoSpace` (nothing is left)."""
        raise NotImplementedError

    async def discard(self, staged: StagedPicture) -> None:
        """Remove a staged picture that will not be adopted. Does nothing when it has been."""
        raise NotImplementedError

    async def adopt(self, tx: Transaction, staged: StagedPicture) -> Picture:
        """Give the staged file its lasting name and its row; with a rollback it is staged again."""
        raise NotImplementedError

    async def release(self, tx: Transaction, sha256: str) -> bool:
        """Drop the picture when nothing refers to it any more; its file goes after the commit."""
        raise NotImplementedError

    async def get(self, sha256: str) -> Picture | None:
        raise NotImplementedError

    def path(self, sha256: str) -> Path:
        """Where the picture's file is (or would be)."""
        raise NotImplementedError

    async def read(self, sha256: str) -> bytes:
        """The file's bytes, read in a thread. Raises `PictureMissing`."""
        raise NotImplementedError

    async def sweep(self) -> Swept:
        """At start: remove temporary files and files without a row."""
        raise NotImplementedError

    def free_bytes(self) -> int:
        """Free space of the disk that holds the pictures."""
        raise NotImplementedError

"""Pictures as files named by their content's hash, beside the database that says which of them are needed.

A file is complete and durable before its row is committed, and goes after its last row has gone; what a crash
leaves in between is a file without a row, which `sweep` removes at the next start.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import logging
import os
import secrets
import shutil
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PIL import ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from data.core.data_errors import PictureMissing, UnstorablePicture
from data.core.database import Database, Transaction, finish
from data.core.files import private_folder, private_opener, remove, sync_folder, write_durably

log = logging.getLogger(__name__)

# Asked directly, because Pillow's own `open` warns about large pictures, and reading a header costs nothing.
_KINDS: Mapping[str, Callable[[io.BytesIO], ImageFile.ImageFile]] = {
    "png": PngImagePlugin.PngImageFile,
    "webp": WebPImagePlugin.WebPImageFile,
    "jpg": JpegImagePlugin.JpegImageFile,
}
EXTENSIONS = tuple(_KINDS)
FOLDER_NAME = "pictures"
THUMBNAILS = "thumbnails"
"""The folder of small copies, beside that of the pictures: each goes with its picture."""
_TEMPORARY = ".staged-"
# Names every column that refers to a picture: one that none of them uses can go.
_RELEASE = """
DELETE FROM pictures WHERE sha256 = :sha256
    AND NOT EXISTS (SELECT 1 FROM portraits WHERE sha256 = :sha256)
    AND NOT EXISTS (SELECT 1 FROM character_references WHERE sha256 = :sha256)
    AND NOT EXISTS (SELECT 1 FROM character_references WHERE crop_sha256 = :sha256)
    AND NOT EXISTS (SELECT 1 FROM order_references WHERE sha256 = :sha256)
    AND NOT EXISTS (SELECT 1 FROM order_references WHERE crop_sha256 = :sha256)
    AND NOT EXISTS (SELECT 1 FROM order_edits WHERE sha256 = :sha256)
    AND NOT EXISTS (SELECT 1 FROM saved_references WHERE sha256 = :sha256)
    AND NOT EXISTS (SELECT 1 FROM handed_in WHERE sha256 = :sha256)
RETURNING *
"""


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
    def __init__(self, db: Database, data_folder: Path | None = None) -> None:
        """`data_folder` is the database's when not given; `pictures` in it is created when missing."""
        self._db = db
        self.folder = (data_folder or db.folder) / FOLDER_NAME
        self.thumbnails = self.folder.with_name(THUMBNAILS)
        if not self.folder.is_dir():  # closing one that is there belongs to the start, with all that is in it
            private_folder(self.folder)

    async def stage(self, content: bytes, ext: str = "png") -> StagedPicture:
        """Write `content` under a temporary name, durably.

        Raises `UnstorablePicture` when it is not what `ext` says, and `NoSpace`; then nothing is left on the disk.
        """
        return await finish(asyncio.to_thread(self._stage, content, ext))

    def _stage(self, content: bytes, ext: str) -> StagedPicture:
        width, height = size_of(content, ext)
        file = self.folder / f"{_TEMPORARY}{secrets.token_hex(8)}.{ext}"
        write_durably(file, content)
        return StagedPicture(hashlib.sha256(content).hexdigest(), ext, len(content), width, height, file)

    async def discard(self, staged: StagedPicture) -> None:
        """Remove a staged picture that will not be adopted. Does nothing when it has been."""
        await asyncio.to_thread(remove, staged.file)

    async def adopt(self, tx: Transaction, staged: StagedPicture) -> Picture:
        """Give the staged file its lasting name and its row; with a rollback it is staged again."""
        picture = Picture(staged.sha256, staged.ext, staged.bytes, staged.width, staged.height)
        row = await tx.one("SELECT * FROM pictures WHERE sha256 = ?", (staged.sha256,))
        if row is not None and await asyncio.to_thread(self._file(row).exists):
            tx.on_commit_in_thread(partial(remove, staged.file))
            return _picture(row)
        file = self._file(row) if row is not None else self.file(staged.sha256, staged.ext)
        # Asked for before the move, so that a cancel during the move undoes it too.
        tx.on_rollback(partial(_move_back, file, staged.file))
        await finish(asyncio.to_thread(_move, staged.file, file))
        await tx.execute(
            "INSERT INTO pictures (sha256, ext, bytes, width, height) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (picture.sha256, picture.ext, picture.bytes, picture.width, picture.height),
        )
        return picture

    async def release(self, tx: Transaction, sha256: str) -> bool:
        """Drop the picture when nothing refers to it any more; its file goes after the commit.

        Whatever the same transaction adopts must be adopted, and referred to, before.
        """
        row = await tx.one(_RELEASE, {"sha256": sha256})
        if row is not None:
            tx.on_commit_in_thread(partial(self._remove, row["sha256"], row["ext"]))
        return row is not None

    def _remove(self, sha256: str, ext: str) -> None:
        # In this order: see `keep_thumbnail`.
        remove(self.file(sha256, ext))
        remove(self.thumbnail(sha256))

    def thumbnail(self, sha256: str) -> Path:
        """Where the small copy of a picture is, once there is one."""
        return self.thumbnails / f"{sha256}.webp"

    def keep_thumbnail(self, picture: Path, content: bytes) -> Path:
        """Keep the small copy of the picture in this file. Blocking. Raises `PictureMissing` when the picture has gone
        meanwhile: then its copy is gone too. It can be made anew, so it is not forced to the disk."""
        private_folder(self.thumbnails)
        file = self.thumbnail(picture.stem)
        new = file.with_name(f"{_TEMPORARY}{secrets.token_hex(8)}.webp")
        try:
            with open(new, "xb", opener=private_opener) as stream:
                stream.write(content)
            new.replace(file)
        finally:
            remove(new)
        # Whoever removes a picture removes its copy after it: one of both finds that the other was there.
        if not picture.exists():
            remove(file)
            raise PictureMissing(picture.stem)
        return file

    async def get(self, sha256: str) -> Picture | None:
        row = await self._db.fetch_one("SELECT * FROM pictures WHERE sha256 = ?", (sha256,))
        return None if row is None else _picture(row)

    def file(self, sha256: str, ext: str) -> Path:
        """Where the file of a picture of this kind is."""
        return self.folder / f"{sha256}.{ext}"

    def path(self, sha256: str) -> Path:
        """Where the picture's file is (or would be), whatever kind it is of. Blocking."""
        paths = [self.file(sha256, ext) for ext in EXTENSIONS]
        return next((path for path in paths if path.exists()), paths[0])

    async def read(self, sha256: str) -> bytes:
        """The file's bytes, read in a thread. Raises `PictureMissing`."""
        try:
            return await asyncio.to_thread(lambda: self.path(sha256).read_bytes())
        except FileNotFoundError:
            raise PictureMissing(sha256) from None

    async def sweep(self) -> Swept:
        """At start, before anything is staged: remove temporary files and files without a row."""
        async with self._db.transaction() as tx:  # nothing is adopted meanwhile
            rows = {row["sha256"]: self._file(row).name for row in await tx.execute("SELECT * FROM pictures")}
            swept = await finish(asyncio.to_thread(self._sweep, rows))
        if swept.missing:
            log.error("%d pictures are missing from %s", len(swept.missing), self.folder)
        return swept

    async def missing(self) -> Sequence[str]:
        """The files that rows say are there and that are not, by name; what is deleted meanwhile does not count."""
        lacking = await self._lacking([])
        return await self._lacking(lacking) if lacking else []

    async def _lacking(self, among: Sequence[str]) -> Sequence[str]:
        """Rows are read before files, and a file goes after its row: a second look forgets those that went between."""
        rows = [self._file(row).name for row in await self._db.fetch_all("SELECT * FROM pictures ORDER BY sha256")]
        there = await asyncio.to_thread(lambda: {entry.name for entry in os.scandir(self.folder)})
        return [name for name in rows if name not in there and (not among or name in among)]

    def _sweep(self, rows: dict[str, str]) -> Swept:
        wanted = set(rows.values())
        names = {entry.name for entry in os.scandir(self.folder) if entry.is_file()}
        temporary = {name for name in names if name.startswith(_TEMPORARY)}
        # Files that were not named by this store are somebody else's, and stay.
        rowless = {name for name in names - wanted - temporary if _is_ours(name)}
        for name in temporary | rowless:
            remove(self.folder / name)
        self._sweep_thumbnails(rows)
        missing = tuple(sha256 for sha256, name in rows.items() if name not in names)
        return Swept(len(temporary), len(rowless), missing)

    def _sweep_thumbnails(self, rows: Collection[str]) -> None:
        for file in self.thumbnails.glob("*.webp") if self.thumbnails.is_dir() else ():
            if file.stem not in rows:
                remove(file)

    def free_bytes(self) -> int:
        """Free space of the disk that holds the pictures. Blocking, where that is a network's."""
        return shutil.disk_usage(self.folder).free

    def _file(self, row: sqlite3.Row) -> Path:
        return self.file(row["sha256"], row["ext"])


def size_of(content: bytes, ext: str) -> tuple[int, int]:
    """Width and height in pixels, from the header alone. Raises `UnstorablePicture`."""
    try:
        with _KINDS[ext](io.BytesIO(content)) as image:
            return image.size
    except (KeyError, SyntaxError, OSError, ValueError) as error:
        raise UnstorablePicture(ext) from error


def _picture(row: sqlite3.Row) -> Picture:
    return Picture(row["sha256"], row["ext"], row["bytes"], row["width"], row["height"])


def _is_ours(name: str) -> bool:
    stem, _, ext = name.partition(".")
    return len(stem) == 64 and set(stem) <= set("0123456789abcdef") and ext in EXTENSIONS


def _move(staged: Path, file: Path) -> None:
    staged.replace(file)
    sync_folder(file.parent)


def _move_back(file: Path, staged: Path) -> None:
    if file.exists() and not staged.exists():
        file.replace(staged)

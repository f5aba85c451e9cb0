"""Small copies of pictures for galleries: made when they are first asked for, a few at a time, and kept on the disk."""

import asyncio
from pathlib import Path
from typing import Final
from weakref import WeakValueDictionary

from data.core.data_errors import PictureMissing
from data.people.gallery_rows import GalleryPicture
from data.pictures.picture_store import PictureStore
from engine.pictures.thumbnail import thumbnail

AT_ONCE: Final = 2
"""So many are made at once in all, in threads; of one person one at a time, so that people take turns."""


class Thumbnails:
    """The copies of one store's pictures."""

    def __init__(self, pictures: PictureStore) -> None:
        self._pictures = pictures
        self._room = asyncio.Semaphore(AT_ONCE)
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def of(self, picture: GalleryPicture, user_id: int) -> Path:
        """Where the copy is, made for this person where there was none. Raises PictureMissing."""
        kept = self._pictures.thumbnail(picture.sha256)
        if await asyncio.to_thread(kept.exists):
            return kept
        # It is there for as long as somebody waits for it.
        turn = self._turns.setdefault(user_id, asyncio.Lock())
        async with turn, self._room:
            return await asyncio.to_thread(self._made, picture)

    def _made(self, picture: GalleryPicture) -> Path:
        kept = self._pictures.thumbnail(picture.sha256)
        if kept.exists():
            return kept
        file = self._pictures.file(picture.sha256, picture.ext)
        try:
            small = thumbnail(file.read_bytes(), made=picture.made)
        except FileNotFoundError:
            raise PictureMissing(picture.sha256) from None
        return self._pictures.keep_thumbnail(file, small)

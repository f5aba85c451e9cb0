"""Keyed hashes of people and pictures that are to be recognised but not known.

The key is a file of its own in the data folder, made when it is first needed: without it a mark says nothing, and
ids of Discord, which are easily guessed, cannot be tried one after another.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import secrets
from pathlib import Path

from data.core.database import finish
from data.core.files import remove, sync_folder, write_durably

FILE_NAME = "privacy.key"
_KEY_BYTES = 32


class Marks:
    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE_NAME
        self._key: bytes | None = None

    async def of_user(self, user_id: int) -> str:
        """64 hexadecimal digits that stand for a user."""
        return self._mark(await self._loaded(), f"user:{user_id}")

    async def of_picture(self, sha256: str) -> str:
        """64 hexadecimal digits that stand for a picture."""
        return self._mark(await self._loaded(), f"picture:{sha256}")

    async def _loaded(self) -> bytes:
        if self._key is None:
            self._key = await finish(asyncio.to_thread(_load_or_make, self._file))
        return self._key

    def _mark(self, key: bytes, what: str) -> str:
        return hmac.new(key, what.encode(), hashlib.sha256).hexdigest()


def _load_or_make(file: Path) -> bytes:
    if not file.exists():
        new = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
        try:
            write_durably(new, secrets.token_bytes(_KEY_BYTES))
            # A link, because it never replaces a key that somebody else has made meanwhile.
            os.link(new, file)
        except FileExistsError:
            pass
        finally:
            remove(new)
        sync_folder(file.parent)
    return file.read_bytes()

"""A provider's answer, read as if somebody wanted to hurt the studio with it: so many bytes, unpacked, and tame JSON.

Sizes count after unpacking, while it is read. JSON is bounded in depth and in parts, since a few bytes of it can become
much memory; numbers that no field can hold become one that every check refuses, so that the rest can still be used.
"""

from __future__ import annotations

import asyncio
import json
import re
import zlib
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, Final

from engine.backends.provider_errors import UnreadableAnswer, UnusableAnswer
from engine.sayings import worded

MOST_PICTURE_JSON: Final = 64 * 2**20
"""Bytes of an answer that holds a picture: 48 MiB of picture in base64."""
MOST_JSON: Final = 2**20
"""Bytes of an answer that holds words and numbers only."""
MOST_PARTS: Final = 100_000
DEEPEST: Final = 64
ACCEPTED: Final = "gzip"
"""The packing that is asked for; nothing else is unpacked."""
CHUNK: Final = 2**16
MALFORMED: Final = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, AssertionError)
"""What code raises that trusts the shape of an answer, an SDK's included."""

_PIECE: Final = 2**20
_BEYOND: Final = 10**20
_BEYOND_REAL: Final = 1e300
_MOST_EVENTS: Final = 1_000
_MOST_LINES: Final = 100
_BLANK: Final = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_NAME: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class Unpacker:
    """Bytes as they were before they were packed, up to a limit."""

    def __init__(self, encoding: str, title: str, most_bytes: int) -> None:
        """Raises UnusableAnswer for a packing that was not asked for."""
        packed = [name for part in encoding.lower().split(",") if (name := part.strip()) not in ("", "identity")]
        if packed not in ([], ["gzip"], ["x-gzip"], ["deflate"]):
            raise UnusableAnswer(title, worded("it is packed in a way that was not asked for"))
        self._title = title
        self._left = most_bytes
        self._packed = zlib.decompressobj(zlib.MAX_WBITS | 32) if packed else None

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """What the chunk holds, in pieces. Raises UnusableAnswer when it is too much in all."""
        more = True
        while more:
            piece, chunk = self._piece(chunk)
            self._left -= len(piece)
            if self._left < 0:
                raise UnusableAnswer(self._title, worded("it is too large"))
            yield piece
            # A full piece may have more behind it although nothing is left of the chunk.
            more = bool(chunk) or (self._packed is not None and len(piece) == _PIECE)

    def _piece(self, chunk: bytes) -> tuple[bytes, bytes]:
        """A piece, and what is left of the chunk."""
        if self._packed is None:
            return chunk, b""
        try:
            return self._packed.decompress(chunk, _PIECE), self._packed.unconsumed_tail
        except zlib.error:
            raise UnreadableAnswer(self._title) from None


async def whole(
    chunks: AsyncIterator[bytes], headers: Mapping[str, str], title: str, most_bytes: int, *, is_json: bool = False
) -> bytes:
    """A body, from its chunks as they came.

    Raises UnusableAnswer, and UnreadableAnswer where JSON is wanted and it begins like none.
    """
    told = headers.get("Content-Length", "")
    if told.isdecimal() and (len(told) > 15 or int(told) > most_bytes):
        raise UnusableAnswer(title, worded("it is too large"))
    unpacker = Unpacker(headers.get("Content-Encoding", ""), title, most_bytes)
    body, begun = bytearray(), not is_json
    async for chunk in chunks:
        for piece in unpacker.feed(chunk):
            body += piece
            if not begun:
                start = piece.lstrip(b"\xef\xbb\xbf \t\r\n")
                begun = start.startswith((b"{", b"["))
                if not begun and (start or len(body) > CHUNK):  # a page, say: the rest is not waited for
                    raise UnreadableAnswer(title)
    return bytes(body)


def read_object(raw: bytes, title: str) -> dict[str, Any]:
    """The JSON object, with nothing in it that has to be feared.

    Blocking: a large body belongs in a thread. Raises UnusableAnswer, and UnreadableAnswer when it is none.
    """
    return _Reading(title).object(raw)


def tame(raw: bytes, title: str) -> bytes:
    """JSON that says the same as `raw` and can be handed to an SDK. Blocking; raises as `read_object` does."""
    reading = _Reading(title)
    value = reading.object(raw)
    return json.dumps(value).encode() if reading.changed else raw


async def tamed(raw: bytes, title: str) -> bytes:
    """See `tame`; in a thread where it would hold up the others."""
    return tame(raw, title) if len(raw) <= CHUNK else await asyncio.to_thread(tame, raw, title)


async def events(chunks: AsyncIterator[bytes], encoding: str, title: str, most_bytes: int) -> AsyncIterator[bytes]:
    """Server-sent events, one whole event at a time, each with tame JSON. Raises UnusableAnswer, UnreadableAnswer."""
    unpacker = Unpacker(encoding, title, most_bytes)
    kept, count = bytearray(), 0
    async for chunk in chunks:
        searched = max(0, len(kept) - 3)
        for piece in unpacker.feed(chunk):
            kept += piece
        begun = 0
        while found := _BLANK.search(kept, searched):
            count += 1
            if count > _MOST_EVENTS:
                raise UnusableAnswer(title, worded("it has too many parts"))
            if event := await _event(bytes(kept[begun : found.start()]), title):
                yield event
            begun = searched = found.end()
        del kept[:begun]


async def _event(raw: bytes, title: str) -> bytes:
    """One event as an SDK expects it; b"" for a comment."""
    if raw.count(b"\n") + raw.count(b"\r") > _MOST_LINES:
        raise UnusableAnswer(title, worded("it has too many parts"))
    said: dict[bytes, list[bytes]] = {}
    for line in raw.splitlines():
        name, _, value = line.partition(b":")
        said.setdefault(name, []).append(value.removeprefix(b" "))
    data = b"\n".join(said.get(b"data", ()))
    if not data:
        return b""
    if data.startswith(b"[DONE]"):
        return b"data: [DONE]\n\n"
    body = b" ".join((await tamed(data, title)).splitlines())
    names = [name for name in said.get(b"event", ()) if _NAME.fullmatch(name)]
    return b"".join(b"event: " + name + b"\n" for name in names[-1:]) + b"data: " + body + b"\n\n"


class _Reading:
    """Reads one JSON text; `changed` when the value is not quite what it said."""

    def __init__(self, title: str) -> None:
        self._title = title
        self.changed = False

    def object(self, raw: bytes) -> dict[str, Any]:
        value = self._read(raw)
        if isinstance(value, dict):
            return value
        if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
            self.changed = True  # Google's errors come so at times
            return value[0]
        raise UnreadableAnswer(self._title)

    def _read(self, raw: bytes) -> Any:
        if sum(raw.count(mark) for mark in (b",", b"[", b"{")) > MOST_PARTS:
            raise UnusableAnswer(self._title, worded("it has too many parts"))
        try:
            text = raw.decode("utf-8-sig")
            value = json.loads(
                text,
                parse_int=self._whole,
                parse_float=self._real,
                parse_constant=self._constant,
                object_pairs_hook=self._object,
            )
        except RecursionError:
            raise UnusableAnswer(self._title, worded("it is nested too deeply")) from None
        except ValueError:
            raise UnreadableAnswer(self._title) from None
        return self._sound(value, DEEPEST)

    def _whole(self, digits: str) -> int:
        if len(digits) <= 20:
            return int(digits)
        self.changed = True
        return -_BEYOND if digits.startswith("-") else _BEYOND

    def _real(self, digits: str) -> float:
        value = float(digits) if len(digits) <= 400 else _BEYOND_REAL
        if abs(value) < _BEYOND_REAL:
            return value
        self.changed = True
        return -_BEYOND_REAL if digits.startswith("-") else _BEYOND_REAL

    def _constant(self, name: str) -> float:
        self.changed = True
        return -_BEYOND_REAL if name.startswith("-") else _BEYOND_REAL

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):  # whoever reads it next may take the other one
            raise UnusableAnswer(self._title, worded("it says two things under one name"))
        return made

    def _sound(self, value: Any, deeper: int) -> Any:
        """The value with sound strings. Raises UnusableAnswer when it is nested too deeply."""
        if isinstance(value, str):
            return value if value.isascii() else self._sound_text(value)
        if not isinstance(value, dict | list):
            return value
        if not deeper:
            raise UnusableAnswer(self._title, worded("it is nested too deeply"))
        if isinstance(value, list):
            return [self._sound(each, deeper - 1) for each in value]
        return {self._sound(name, deeper - 1): self._sound(each, deeper - 1) for name, each in value.items()}

    def _sound_text(self, text: str) -> str:
        """Without halves of characters, which nothing else can encode."""
        sound = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        self.changed = self.changed or sound != text
        return sound

"""What the bot and the process apart say to each other: the lengths of two parts as big-endian uint32, JSON, bytes."""

import json
import struct
from typing import IO, Any, Final

from engine.sayings import worded

MOST: Final = 192 * 2**20
"""Bytes of the longest message: 40 megapixels that a PNG cannot make smaller take 120 million."""
TOO_MUCH: Final = worded(
    "That picture takes too much memory or time to unpack. Save it again as a plain PNG or JPEG and retry."
)
_HEAD: Final = struct.Struct(">II")


def send(stream: IO[bytes], facts: dict[str, Any], content: bytes) -> None:
    """Raises BrokenPipeError when nobody listens."""
    told = json.dumps(facts).encode()
    stream.write(_HEAD.pack(len(told), len(content)) + told)
    stream.write(content)
    stream.flush()


def receive(stream: IO[bytes]) -> tuple[dict[str, Any], bytes] | None:
    """The next message; None when there is none any more, or only a part of one.

    Raises ValueError for one that is none: whoever sends may have been taken over by a picture.
    """
    head = stream.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    lengths = _HEAD.unpack(head)
    if sum(lengths) > MOST:
        raise ValueError("That message is too long.")
    told, content = (stream.read(length) for length in lengths)
    if len(content) < lengths[1]:
        return None
    facts = json.loads(told)
    if not isinstance(facts, dict):
        raise TypeError("The facts of a message are an object.")
    return facts, content

"""Messages between the bot's process and the studio's: pickles, each behind its length, over a pipe of our own."""

from __future__ import annotations

import pickle
import struct
from typing import IO, Any, Final

_LENGTH: Final = struct.Struct("<Q")


def send(pipe: IO[bytes], message: Any) -> None:
    """Writes one message; OSError when nobody reads any more."""
    packed = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    pipe.write(_LENGTH.pack(len(packed)) + packed)
    pipe.flush()


def receive(pipe: IO[bytes]) -> Any:
    """Reads one message; EOFError when the other side is gone."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    (length,) = _LENGTH.unpack(head)
    packed = pipe.read(length)
    if len(packed) < length:
        raise EOFError
    return pickle.loads(packed)  # noqa: S301  # from a process that we started, over a pipe that nobody else has

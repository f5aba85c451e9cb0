"""Durable files: written whole or not at all, and still there after a power cut. Blocking: for threads."""

from __future__ import annotations

import errno
import logging
import os
from pathlib import Path

from data.errors import NoSpace

log = logging.getLogger(__name__)

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def write_durably(file: Path, content: bytes) -> None:
    """Write a new file and force it to the disk. Raises `NoSpace`; nothing is left when writing fails."""
    try:
        with file.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        remove(file)
        if is_full(error):
            raise NoSpace from error
        raise


def is_full(error: OSError) -> bool:
    """Whether the error means that the disk, or the room given to this user, is used up."""
    return error.errno in _FULL


def sync_folder(folder: Path) -> None:
    """Force the names in `folder` to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(file: Path) -> None:
    """Remove `file` if it is there. One that cannot be is logged, and left to the sweep at the next start."""
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        log.warning("cannot remove %s: %s", file, error)

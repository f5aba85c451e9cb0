"""Durable files, for this user alone: written whole or not at all, and still there after a power cut. Blocking."""

from __future__ import annotations

import errno
import logging
import os
import secrets
import stat
from pathlib import Path

from data.core.data_errors import NoSpace

log = logging.getLogger(__name__)

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FOLDER_MODE = 0o700
_FILE_MODE = 0o600


def private_folder(folder: Path) -> None:
    """Make `folder`, and whatever is missing above it, for this user alone; one that is there is closed to others.

    One that cannot be closed, somebody else's for instance, stays as it is: `readable_by_others` tells.
    """
    # One by one: `parents=True` would make those above with what the umask leaves, and others could rename ours.
    for missing in reversed([each for each in folder.parents if not each.exists()]):
        missing.mkdir(_FOLDER_MODE, exist_ok=True)
    folder.mkdir(_FOLDER_MODE, exist_ok=True)
    close_to_others(folder)


def private_opener(file: str, flags: int) -> int:
    """For `open(..., opener=)`: a new file is readable by this user alone, whatever the umask."""
    return os.open(file, flags | os.O_CLOEXEC, _FILE_MODE)


def private_file(file: Path) -> None:
    """Make an empty file when there is none. SQLite gives those that it keeps beside a database the same mode."""
    # One that is there is not opened: closing it would let go of the locks that this process has on it.
    if not file.exists():
        os.close(private_opener(str(file), os.O_WRONLY | os.O_CREAT))


def close_to_others(path: Path) -> bool:
    """Take a file or folder of this user's from everybody else; false when others may still do something with it."""
    found = path.stat()
    if not _open_to_others(found):
        return True
    # A folder for everybody, such as /tmp, is no user's own, not even root's.
    if found.st_uid != os.geteuid() or found.st_mode & stat.S_ISVTX:
        return False
    try:
        path.chmod(_FOLDER_MODE if stat.S_ISDIR(found.st_mode) else found.st_mode & _FILE_MODE)
    except OSError as error:
        log.warning("cannot close %s to other users: %s", path, error)
    return not readable_by_others(path)


def readable_by_others(path: Path) -> bool:
    """Whether another user of this machine may read, write or enter it."""
    return _open_to_others(path.stat())


def _open_to_others(found: os.stat_result) -> bool:
    return bool(found.st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def write_durably(file: Path, content: bytes) -> None:
    """Write a new file and force it to the disk. Raises `NoSpace`; nothing is left when writing fails."""
    try:
        with open(file, "xb", opener=private_opener) as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        remove(file)
        if is_full(error):
            raise NoSpace from error
        raise


def write_over(file: Path, content: bytes) -> None:
    """Write a file durably in place of the one that may be there. Raises `NoSpace`; the old one is then kept."""
    new = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    write_durably(new, content)
    new.replace(file)
    sync_folder(file.parent)


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

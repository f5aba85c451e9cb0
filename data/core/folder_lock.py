"""One bot a data folder: a lock that the operating system lets go of when the process ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

from data.core.data_errors import FolderInUse, FolderUnusable
from data.core.files import private_folder

LOCK_NAME = "lock"


class FolderLock:
    """Holds the folder until `release` or the end of the process."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> FolderLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def lock_folder(folder: Path) -> FolderLock:
    """Lock the data folder for this process; it is created when missing, and this user's alone.

    Raises `FolderInUse`, `FolderUnusable`.
    """
    try:
        private_folder(folder)
        descriptor = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise FolderUnusable(folder, error.strerror or str(error)) from error
    # By hand, not by filelock: whoever finds it locked is told the process id that is written in it.
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(descriptor, 32).decode("ascii", "replace").strip()
        os.close(descriptor)
        raise FolderInUse(folder, holder) from None
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())
    return FolderLock(descriptor)

"""Closing a data folder to the machine's other users, where an earlier version left that to the umask. Blocking."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

from data.core.files import close_to_others, readable_by_others

log = logging.getLogger(__name__)

# Only what the studio makes: a data folder may be somebody's home, with files in it that are meant for others.
_OURS = (
    "likeness.sqlite3*",
    "pictures",
    "thumbnails",
    "models",
    "signing",
    "privacy.key",
    ".privacy.key.*",
    "commands-*.sha256",
    "lock",
    "before-restore-*",
    "backups",
    "self-check.json",
    "crashes.log*",
    "known-settings.json",
    ".restored-*",
)


def close_folder(folder: Path) -> None:
    """Folders to 0700 and files to 0600; what belongs to another user stays, and is logged."""
    left = [path for path in (*_kept_in(folder), folder) if not _closed(path)]
    if left:
        log.warning(
            "other users of this machine may look into %s%s; python -m bot doctor says how to mend it",
            left[0],
            f" and {len(left) - 1} more" if left[1:] else "",
        )


def _kept_in(folder: Path) -> Iterator[Path]:
    for pattern in _OURS:
        for path in folder.glob(pattern):
            # A closed folder is not gone through at every start, there may be 100,000 pictures in it: what is in it was
            # closed before, since folders come after what they hold, and nobody else could get there in any case.
            if path.is_dir() and readable_by_others(path):
                yield from _below(path)
            yield path


def _below(folder: Path) -> Iterator[Path]:
    try:
        entries = os.scandir(folder)
    except PermissionError:  # somebody else's, and named in the log for that
        return
    # Links are left out: what they lead to need not be ours.
    with entries:
        for entry in entries:
            if not entry.is_symlink():
                if entry.is_dir(follow_symlinks=False):
                    yield from _below(Path(entry.path))
                yield Path(entry.path)


def _closed(path: Path) -> bool:
    try:
        return close_to_others(path)
    except FileNotFoundError:  # gone meanwhile, or a link to nothing
        return True
    except OSError:
        return False

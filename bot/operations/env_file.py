"""Writing single settings into `.env`: every other line stays as it is, and nobody else can read the file. Blocking."""

import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from dotenv.parser import parse_stream

from bot.core.errors import SettingsError
from data.core.data_errors import NoSpace
from data.core.files import write_over

_BEGINNING: Final = "# Settings of the studio. What else can be set, and what it does, is told by .env.example.\n"


def write_settings(file: Path, values: Mapping[str, str]) -> None:
    """Put these settings into the file, whole or not at all; a new one is made where there is none.

    Values are of letters, digits and "._-" alone. Raises SettingsError, and the file is then as it was.
    """
    target = file.resolve()  # a link stays one
    try:
        before = target.stat() if target.exists() else None
        text = target.read_bytes().decode() if before is not None else _BEGINNING
        write_over(target, with_settings(text, values).encode())
        if before is not None and before.st_uid != os.geteuid():
            os.chown(target, before.st_uid, before.st_gid)  # by root, for the user that the bot runs as
    except UnicodeDecodeError as error:
        raise SettingsError(f"{file} is no text in UTF-8, so nothing was written to it. Save it as UTF-8.") from error
    except (OSError, NoSpace) as error:
        why = error.strerror if isinstance(error, OSError) else "the disk is full"
        raise SettingsError(
            f"{file} cannot be written ({why}), and is as it was. Mend that, or put the line "
            f"{', '.join(values)}=… into it yourself."
        ) from error


def with_settings(text: str, values: Mapping[str, str]) -> str:
    """The text of a settings file with these values in it; what else is there stays, to the letter.

    Where a setting is given several times the last line counts, so that one is changed. Its name may be written in
    either case, and after "export", as everywhere.
    """
    pieces = [(one.original.string, (one.key or "").upper()) for one in parse_stream(io.StringIO(text, newline=""))]
    lines, names = [piece for piece, _ in pieces], [name for _, name in pieces]
    newline = "\r\n" if "\r\n" in text else "\n"
    for name, value in values.items():
        if name in names:
            at = len(names) - 1 - names[::-1].index(name)
            lines[at] = _changed(lines[at], name, value)
        else:
            if lines and not lines[-1].endswith(("\n", "\r")):
                lines[-1] += newline
            lines.append(f"{name}={value}{newline}")
            names.append(name)
    return "".join(lines)


def _changed(piece: str, name: str, value: str) -> str:
    """The same lines with another value; blank lines before it, a comment behind it, and the line's end stay."""
    body = piece.lstrip()
    before, end = piece[: len(piece) - len(body)], body[len(body.rstrip("\r\n")) :]
    export = "export " if body.startswith("export") else ""
    said = body.partition("=")[2].rstrip()
    comment = "" if said.lstrip()[:1] in {"'", '"'} or " #" not in said else said[said.index(" #") :]
    return f"{before}{export}{name}={value}{comment}{end}"

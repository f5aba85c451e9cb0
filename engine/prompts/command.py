"""`python -m engine.prompt TEXT`, or `-` for standard input: prints how a text is read, as JSON."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Final

from engine.prompts.parser import MAX_TEXT, Reading, read

USAGE: Final = """\
python -m engine.prompt TEXT
python -m engine.prompt -      (reads standard input)

Prints how TEXT is read, as JSON: the six slots, what is left out, words in the picture, characters, shape, seed, and
what of other tools was ignored, what of choices such as {a|b} was drawn. Put TEXT in quotation marks.
"""
_BYTES_A_CHARACTER: Final = 4


class NothingToRead(ValueError):
    """There is no text to read. The message is a sentence for whoever typed the command."""


def main(arguments: list[str] | None = None) -> int:
    """Print the reading of the one argument. The exit code: 0, or 2 for a text that cannot be read."""
    given = sys.argv[1:] if arguments is None else arguments
    if given in (["-h"], ["--help"]):
        print(USAGE, end="")
        return 0
    try:
        shown = as_json(read(_text(given)))
    except NothingToRead as error:
        print(error, file=sys.stderr)
        return 2
    sys.stdout.buffer.write(shown.encode() + b"\n")
    sys.stdout.flush()
    return 0


def as_json(reading: Reading) -> str:
    """All that was read, with what was not said as "", [] or null."""
    return json.dumps(
        {**asdict(reading.prompt), "ignored": reading.ignored, "drawn": reading.drawn}, ensure_ascii=False, indent=2
    )


def _text(given: list[str]) -> str:
    """Raises Unreadable."""
    if len(given) != 1:
        raise NothingToRead("Give one text in quotation marks, or - to read standard input. --help says more.")
    text = _typed(sys.stdin.buffer.read(_BYTES_A_CHARACTER * MAX_TEXT + 1) if given[0] == "-" else given[0])
    if len(text) > MAX_TEXT:
        raise NothingToRead(f"That text is too long: at most {MAX_TEXT:,} characters are read. Shorten it.")
    if not text.strip():
        raise NothingToRead("That text is empty. Write who is in the portrait, and where.")
    return text


def _typed(given: str | bytes) -> str:
    """Raises Unreadable for bytes that are no text; an argument has them as lone surrogates."""
    try:
        raw = given if isinstance(given, bytes) else given.encode("utf-8", "surrogateescape")
        # What is cut off in the midst of a character is too long in any case.
        return raw.decode("utf-8", "ignore" if len(raw) > _BYTES_A_CHARACTER * MAX_TEXT else "strict")
    except UnicodeError as error:
        raise NothingToRead("That text is not UTF-8. Save it as UTF-8 and try again.") from error

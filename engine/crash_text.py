"""Errors that nobody planned, written so that no prompt, name or token is in the text.

A traceback's frames are the program's own lines. What stands in an error's message may be anything that somebody typed
or a provider answered: of it the numbers are kept, and words that are known to belong to machines. Pure; no locals are
read.
"""

import re
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_MOST_FRAMES: Final = 40
_LONGEST: Final = 300
_LEFT_OUT: Final = "\u2026"
_WORD: Final = re.compile(r"[^\W_]+")
_GAPS: Final = re.compile(rf"{_LEFT_OUT}(?:[\s\"'\u201c\u201d,.:;/\\\\@#|(){{}}\[\]<>*~`_=-]*{_LEFT_OUT})+")
_MACHINE_WORDS: Final = """
a all allocate allocated allocation already an and argument arguments at attribute available be broken buffer busy
bytes call called cancelled cannot capacity channel closed connect connection context cpu cuda cudnn data database
dead decode device dimension dimensions directory disk does driver dtype encode end errno error event exceeded exist
exists expected failed file files float found free from full future gib given got gpu has have id in index input int
integer invalid is it key keyword kib kernel length limit list locked loop malformed match maximum memory message
mib minimum missing module must name no none not null number object of on open operation or out output overflow
pending permission pipe positional process range read refused request required reserved reset response running same
schema server set shape should size socket space sqlite status str string support supported table task tensor
tensors than that the thread thread timed timeout to too torch total tried type types unable unexpected unknown
unsupported use used value values version was while with write wrong zero
"""
_OPEN: Final = frozenset(_MACHINE_WORDS.split())
"""Words that may stand, written small."""


def message_of(error: BaseException) -> str:
    """What an error says, on one line, without any word that may be somebody's; empty where nothing is left."""
    line = " ".join(str(error).split())[: _LONGEST * 4]
    told = _GAPS.sub(_LEFT_OUT, _WORD.sub(_kept, line))
    return "" if told.strip() == _LEFT_OUT else told[:_LONGEST]


def _kept(found: re.Match[str]) -> str:
    word = found[0]
    return word if word.casefold() in _OPEN or (word.isascii() and word.isdecimal()) else _LEFT_OUT


def in_one_line(error: BaseException) -> str:
    """The kind of an error, and what of its message may stand."""
    told = message_of(error)
    return f"{type(error).__qualname__}: {told}" if told else type(error).__qualname__


def text_of(error: BaseException) -> str:
    """The traceback of an error and of those that it came from, as Python prints it, with messages as above."""
    return "\n".join(_lines(error, set()))


def _place(filename: str) -> str:
    """A file without the folders of this machine, in whose names people are."""
    parts = Path(filename).parts
    starts = [at + 1 for at, part in enumerate(parts) if part == "site-packages"]
    return "/".join(parts[starts[-1] :] if starts else parts[-3:])


def _lines(error: BaseException, told: set[int]) -> Iterator[str]:
    told.add(id(error))
    cause = error.__cause__
    if cause is None and not error.__suppress_context__:
        cause = error.__context__
    if cause is not None and id(cause) not in told:
        yield from _lines(cause, told)
        yield "The error below came of the one above:"
    yield "Traceback (most recent call last):"
    for frame in traceback.extract_tb(error.__traceback__)[-_MOST_FRAMES:]:
        yield f'  File "{_place(frame.filename)}", line {frame.lineno}, in {frame.name}'
        if frame.line:
            yield f"    {frame.line}"
    yield in_one_line(error)
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            if id(one) not in told:
                yield from _lines(one, told)

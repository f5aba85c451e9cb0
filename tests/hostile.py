"""Texts made to be slow to read, for tests and the bench: what a pattern names, repeated, nested and almost right."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Iterator
from itertools import chain
from re import _parser as grammar  # type: ignore[attr-defined]
from typing import Any, Final

LENGTH: Final = 4000
"""How long an attack is, in characters: the longest prompt that Discord passes on."""
GENEROUS_S: Final = 1.0
"""Of processor time: what reads in proportion to length takes some milliseconds, and what does not, minutes."""
SPOILERS: Final = ("", "x", "!")

PIECES: Final = (
    *("a:", "(a:1", "(", "((", "[[", "{a|b", '{"a":[', "<lora:", "<", "\\(", "*", "_", "#", "-", "--", "--ar "),
    *("--no ", "—", '"', "'", "‘", "“", "@", "@a ", "<@1", ",", ", ", ".", "...", ";", ":", "：", "::", "::1", "|"),
    *("/", "\n", "\u200b", "\u2028", " ", "1", "1.", "1,", "1-", "1:1", "f/", "85mm ", "iso ", "1/60 ", "secs"),
    *("years ", "y.o.", "4000K ", "\u212a", "ﷺ", "㌀", "⑽", "é", "Seed: 1, ", "Steps: 1, Sampler: "),
    *("negative prompt:", "Lighting:", "seed:", "**Camera:** ", "// light:", "BREAK ", "imagine ", "and ", "of "),
    *("light of ", "nose of ", "cup of ", "is ", "a ", "soft, ", "warm ", "coat ", "woman ", "beach ", "standing "),
    *("n u d e ", "nude lip ", "no ", "age 1 ", "looks 1", "a.", "a-", "a_", "s", "says 'a' ", '"a" ', "old "),
    *("short ", "city ", "hair-"),
)
"""What the slowest texts that were found are made of."""
STARTS: Final = ("", "a woman, ", "a: ", "(a:", "1/1", "::", '"', "'", "Steps: 1, ", "Text: ", "Characters: ", "# ")


def texts(length: int = LENGTH) -> Iterator[str]:
    """Runs of each piece after each start, with something at their end that spoils them."""
    for piece in PIECES:
        for number, start in enumerate(STARTS):
            yield filled(start, piece, length, SPOILERS[number % len(SPOILERS)])


def filled(start: str, piece: str, length: int, end: str = "") -> str:
    """A text of exactly this length: the start, the piece again and again, the end."""
    room = max(0, length - len(start) - len(end))
    return (start + (piece * (room // len(piece) + 1))[:room] + end)[:length]


def attacks(pattern: re.Pattern[Any], length: int = LENGTH) -> Iterator[str]:
    """Texts against one pattern: runs of each character and word that it names, what it repeats repeated after what
    leads there, pairs of those, and its own examples almost finished."""
    tree = grammar.parse(pattern.pattern, pattern.flags)
    named = list(dict.fromkeys(_named(tree)))[:24]
    for start, body in chain([("", piece) for piece in named], _repeats(tree, "")):
        for end in SPOILERS:
            yield filled(start, body, length, end)
    for number, piece in enumerate(named):
        other = named[(number + 1) % len(named)]
        yield filled("", piece + other, length)
        yield filled(piece * (length // 2 // len(piece)), other, length)
    for whole in _examples(tree)[:8]:
        yield filled("", whole[:-1] or "a", length)
        yield filled("", whole, length, "\0")


def _named(tree: Any) -> Iterator[str]:
    """Every character and run of characters in a pattern; a class of characters by one of them."""
    run = ""
    for operator, argument in tree:
        if operator is grammar.LITERAL:
            yield chr(argument)
            run += chr(argument)
            continue
        if len(run) > 1:
            yield run
        run = ""
        yield from _within(operator, argument)
    if len(run) > 1:
        yield run


def _within(operator: Any, argument: Any) -> Iterator[str]:
    if operator is grammar.IN:
        yield from _members(argument)
    elif operator is grammar.BRANCH:
        yield from chain.from_iterable(map(_named, argument[1]))
    elif (inner := _inner(operator, argument)) is not None:
        yield from _named(inner)
        yield from _examples(inner)[:4]


def _inner(operator: Any, argument: Any) -> Any:
    """What a group, a repetition or a look around holds; None for anything else."""
    if operator in {grammar.MAX_REPEAT, grammar.MIN_REPEAT, grammar.POSSESSIVE_REPEAT}:
        return argument[2]
    if operator is grammar.SUBPATTERN:
        return argument[3]
    if operator in {grammar.ASSERT, grammar.ASSERT_NOT}:
        return argument[1]
    return argument if operator is grammar.ATOMIC_GROUP else None


_OF_A_CATEGORY: Final = {
    grammar.CATEGORY_DIGIT: "1",
    grammar.CATEGORY_NOT_DIGIT: "a",
    grammar.CATEGORY_SPACE: " ",
    grammar.CATEGORY_NOT_SPACE: "a",
    grammar.CATEGORY_WORD: "a",
    grammar.CATEGORY_NOT_WORD: "-",
}


def _members(argument: Any) -> list[str]:
    """Characters of a class; for one that says what is not in it, a letter, a digit and a space as far as they are."""
    found = list[str]()
    for operator, value in argument:
        if operator is grammar.LITERAL:
            found.append(chr(value))
        elif operator is grammar.RANGE:
            found += [chr(value[0]), chr(value[1])]
        elif operator is grammar.CATEGORY:
            found.append(_OF_A_CATEGORY[value])
    if argument[0][0] is grammar.NEGATE:
        return [letter for letter in "a1 .xb" if letter not in found][:2] or ["~"]
    return found


def _examples(tree: Any) -> list[str]:
    """Some texts that a pattern matches, looks around left out: each alternative once, repetitions once or twice."""
    made = [""]
    for operator, argument in tree:
        made = [before + more for before in made[:12] for more in _examples_of(operator, argument)[:12]]
    return [text for text in dict.fromkeys(made) if text]


def _examples_of(operator: Any, argument: Any) -> list[str]:
    if operator is grammar.LITERAL:
        return [chr(argument)]
    if operator in {grammar.ANY, grammar.NOT_LITERAL}:
        return ["a"]
    if operator is grammar.IN:
        return _members(argument)[:2]
    if operator is grammar.BRANCH:
        return list(chain.from_iterable(_examples(branch)[:6] for branch in argument[1]))[:12] or [""]
    if operator in {grammar.MAX_REPEAT, grammar.MIN_REPEAT, grammar.POSSESSIVE_REPEAT}:
        return [body * max(1, min(argument[0], 80)) for body in _examples(argument[2])] or [""]
    if operator in {grammar.SUBPATTERN, grammar.ATOMIC_GROUP}:
        return _examples(_inner(operator, argument)) or [""]
    return [""]


def _repeats(tree: Any, before: str) -> Iterator[tuple[str, str]]:
    """Whatever the pattern repeats, with a text that leads there."""
    for operator, argument in tree:
        if operator in {grammar.MAX_REPEAT, grammar.MIN_REPEAT, grammar.POSSESSIVE_REPEAT} and argument[1] > 2:
            yield from ((before, body) for body in _examples(argument[2])[:6])
        if operator is grammar.BRANCH:
            yield from chain.from_iterable(_repeats(branch, before) for branch in argument[1])
        elif (inner := _inner(operator, argument)) is not None:
            yield from _repeats(inner, before)
        before += _examples_of(operator, argument)[0]


class TooSlow(AssertionError):
    """The processor time that something may take is over."""


def in_time(call: Callable[[], object], limit_s: float = GENEROUS_S) -> None:
    """Run something in the main thread; raises TooSlow where it is at work for longer, however busy the machine is."""

    def over(*_: object) -> None:
        raise TooSlow(f"Still at it after {limit_s} s of processor time.")

    before = signal.signal(signal.SIGVTALRM, over)
    signal.setitimer(signal.ITIMER_VIRTUAL, limit_s)
    try:
        call()
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)

"""Plain words for people: escaping, durations, lists and near misses."""

import difflib
import re
import unicodedata
from collections.abc import Iterable
from typing import Final

SLOT_TITLES: Final = {
    "subject": "Subject",
    "clothing": "Clothes",
    "environment": "Place",
    "lighting": "Light",
    "camera": "Camera",
    "detail": "Detail",
}
"""How each slot of a prompt is called before people."""
_MARKDOWN: Final = re.compile(r"[\\`*_~|<>#\[\]()\-@:]|\.(?=(?i:gg/|com/invite))")
# What acts in a sentence: an escape that is there already stays, so that escaping twice changes nothing.
_ACTING: Final = re.compile(
    r"\\[^0-9A-Za-z\s]|[\\`*~|<\[\]]|(?<![^\W_])_|_(?![^\W_])|@(?=everyone|here)|:(?=//)|\.(?=(?i:gg/|com/invite))|^[#>-]"
)
_HIDDEN: Final = {"Cc", "Cf", "Cs"}
_BLANK: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_JOINER: Final = "\u200d"
_MEMBER_MENTION = re.compile(r"<@!?(\d+)>")


def plain(text: str, limit: int = 1024) -> str:
    """`text` on one line, cut to `limit` characters, with nothing in it that Discord would format or link."""
    return _cut(_MARKDOWN.sub(r"\\\g<0>", bare(text)), limit)


def sentence(text: str, limit: int = 1500) -> str:
    """A whole sentence in which somebody else's words may stand, such as why a provider refused.

    It reads as it is, and nothing in it links, mentions, heads, quotes or fences. Escaping it twice changes nothing.
    """
    return _cut(_ACTING.sub(lambda found: found[0] if len(found[0]) == 2 else f"\\{found[0]}", bare(text)), limit)


def bare(text: str) -> str:
    """`text` on one line without what cannot be seen: control, zero-width and direction marks, and blank letters.

    For labels and choices, where Discord formats nothing. The joiner inside an emoji stays.
    """
    line = " ".join(text.split())
    if line.isascii() and line.isprintable():
        return line
    kept = (mark for at, mark in enumerate(line) if not _is_hidden(mark) or _joins_emoji(line, at))
    return " ".join("".join(kept).split())


def _is_hidden(mark: str) -> bool:
    return mark in _BLANK or unicodedata.category(mark) in _HIDDEN


def _joins_emoji(line: str, at: int) -> bool:
    if line[at] != _JOINER or not 0 < at < len(line) - 1:
        return False
    before = line[at - 2 : at - 1] if line[at - 1] in "\ufe0f🏻🏼🏽🏾🏿" else line[at - 1]
    return all(mark and unicodedata.category(mark) == "So" for mark in (before, line[at + 1]))


def _cut(escaped: str, limit: int) -> str:
    if len(escaped) <= limit:
        return escaped
    # Half an escape, and an underscore that stood within a word: at its end it would act.
    return escaped[: limit - 1].rstrip("\\_") + "…"


def handle(name: str) -> str:
    """A character's handle with its "@", outside of code; also one called "everyone" mentions nobody."""
    return sentence(f"@{name}", 40)


def mentions_member(text: str) -> bool:
    """Whether Discord's picker put a member's mention where a character's handle was meant."""
    return _MEMBER_MENTION.search(text) is not None


def seconds(value: float) -> str:
    """A duration in the unit a person would choose."""
    if value < 10:
        return f"{value:.1f} s"
    if value < 90:
        return f"{value:.0f} s"
    if value < 5400:
        return f"{value / 60:.0f} min"
    return f"{value / 3600:.0f} h"


def span(low: float, high: float) -> str:
    """A range of time, such as "20–40 s"."""
    if seconds(low) == seconds(high):
        return seconds(high)
    first, last = seconds(low), seconds(high)
    if first.split()[-1] == last.split()[-1]:
        first = first.split()[0]
    return f"{first}–{last}"


def listed(items: Iterable[str], last: str = "and") -> str:
    """'a, b and c'."""
    *head, tail = items
    return f"{', '.join(head)} {last} {tail}" if head else tail


def nearest(name: str, known: Iterable[str], most: int = 3) -> list[str]:
    """The names in `known` that `name` may have meant, best first."""
    folded = {item.casefold(): item for item in known}
    return [folded[match] for match in difflib.get_close_matches(name.casefold(), folded, n=most, cutoff=0.5)]


def credits_word(amount: int) -> str:
    return "1 credit" if amount == 1 else f"{amount:,} credits"


def ordinal(number: int) -> str:
    suffix = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"

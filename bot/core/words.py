"""Plain words for people: escaping, durations and near misses."""

import difflib
import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from bot.languages.message_catalogues import SOURCE
from bot.languages.speech import counted, labelled, language, reworded, worded
from bot.languages.speech import listed as listed  # with the other plain words
from engine.sayings import Saying

_SLOTS: Final = {
    "subject": labelled("slot", "Subject"),
    "clothing": labelled("slot", "Clothes"),
    "environment": labelled("slot", "Place"),
    "lighting": labelled("slot", "Light"),
    "camera": labelled("slot", "Camera"),
    "detail": labelled("slot", "Detail"),
}
_ROLES: Final = {
    "outfit": labelled("choice", "outfit"),
    "place": labelled("choice", "place"),
    "style": labelled("choice", "style"),
}
_LANES: Final = {"standard": labelled("choice", "standard"), "fast": labelled("choice", "fast")}
_QUALITIES: Final = {
    "draft": labelled("choice", "draft"),
    "standard": labelled("choice", "standard"),
    "fine": labelled("choice", "fine"),
}
SLOT_TITLES: Final = {slot: title.template for slot, title in _SLOTS.items()}
"""How each slot of a prompt is called in what is typed and read, which is English."""
_MARKDOWN: Final = re.compile(r"[\\`*_~|<>#\[\]()\-@:]|\.(?=(?i:gg/|com/invite))")
# What acts in a sentence: an escape that is there already stays, so that escaping twice changes nothing.
_ACTING: Final = re.compile(
    r"\\[^0-9A-Za-z\s]|[\\`*~|<\[\]]|(?<![^\W_])_|_(?![^\W_])|@(?=everyone|here)|:(?=//)|\.(?=(?i:gg/|com/invite))|^[#>-]"
)
_HIDDEN: Final = {"Cc", "Cf", "Cs"}
_BLANK: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_JOINER: Final = "\u200d"
_MEMBER_MENTION = re.compile(r"<@!?(\d+)>")


def slot_title(slot: str) -> str:
    """How a slot of a prompt is called before people."""
    return reworded(_SLOTS[slot])


def role_word(role: str) -> str:
    """What a picture that goes along is for."""
    return reworded(_ROLES.get(role, role))


def lane_word(lane: str) -> str:
    """The name of a lane."""
    return reworded(_LANES.get(lane, lane))


def quality_word(quality: str) -> str:
    """The name of a quality."""
    return reworded(_QUALITIES.get(quality, quality))


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


def seconds(value: float) -> Saying:
    """A duration in the unit a person would choose."""
    if value < 10:
        return worded("{value:.1f} s", value=value)
    if value < 90:
        return worded("{value:.0f} s", value=value)
    if value < 5400:
        return worded("{value:.0f} min", value=value / 60)
    return worded("{value:.0f} h", value=value / 3600)


def span(low: float, high: float) -> Saying:
    """A range of time, such as "20–40 s"."""
    first, last = seconds(low), seconds(high)
    if first == last:
        return last
    if first.template.split()[-1] == last.template.split()[-1]:
        return worded("{low}–{high}", low=first.split()[0], high=last)
    return worded("{low}–{high}", low=first, high=last)


def nearest(name: str, known: Iterable[str], most: int = 3) -> list[str]:
    """The names in `known` that `name` may have meant, best first."""
    folded = {item.casefold(): item for item in known}
    return [folded[match] for match in difflib.get_close_matches(name.casefold(), folded, n=most, cutoff=0.5)]


def credits_word(amount: int) -> Saying:
    return counted("{count:,} credit", "{count:,} credits", amount)


def ordinal(number: int) -> str:
    """Such as 1st or 22nd; “1.” where another language is spoken."""
    if language() != SOURCE:
        return f"{number}."
    suffix = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"

"""What may be wrong with a translation: places, marks, commands and lengths that differ from the English sentence."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from gettext import c2py  # its own reader of plural rules
from typing import Any, Final

from babel.messages.catalog import Catalog, Message

from bot.languages.speech import LIMITS

LONGEST: Final = 1000
"""Characters of a sentence without a limit of its own: a field of a card takes 1,024."""
_PLACE: Final = re.compile(r"\{[^{}]*\}")
_CODE: Final = re.compile(r"`[^`]*`")
_COMMAND: Final = re.compile(r"(?<![\w/<.])/[a-z]+(?:-[a-z]+)*")
_MENTION: Final = re.compile(r"<[@#t][^<>]*>")
_NAME: Final = re.compile(r"[-_'\w]{1,32}")


def limit_of(context: str | None) -> int:
    """How many characters a sentence of this context may have."""
    return LIMITS.get(context or "", LONGEST)


def texts_of(message: Message) -> tuple[Sequence[str], Sequence[str]]:
    """The English forms of a message, and its translations; empty ones for none."""
    english = message.id if isinstance(message.id, list | tuple) else (message.id,)
    told: Any = message.string
    return tuple(english), tuple(told) if isinstance(told, list | tuple) else (told or "",)


def is_missing(message: Message) -> bool:
    """Whether something of a message is not translated, or was only guessed."""
    return message.fuzzy or not all(texts_of(message)[1])


def faults_of(catalogue: Catalog, message: Message) -> Iterator[str]:
    """What is wrong with a message that is translated, in sentences."""
    english, told = texts_of(message)
    for form, text in enumerate(told):
        may_omit = len(english) > 1 and _stands_for(catalogue.plural_expr, form) <= {0, 1}
        yield from _in_text(english, text, message.context, may_omit_count=may_omit)


@cache
def _stands_for(rule: str, form: int) -> frozenset[int]:
    """The numbers that a plural form is for."""
    form_of = c2py(rule)
    return frozenset(number for number in range(200) if form_of(number) == form)


def _in_text(english: Sequence[str], text: str, context: str | None, *, may_omit_count: bool) -> Iterator[str]:
    whole = english[-1]
    wanted, found = Counter(_PLACE.findall(whole)), Counter(_PLACE.findall(text))
    optional = {place for place in wanted if place.startswith("{count") and may_omit_count}
    if {place for place in wanted if place not in optional} - found.keys():
        yield f"lacks {', '.join(sorted(wanted.keys() - found.keys()))}"
    if found.keys() - wanted.keys():
        yield f"has {', '.join(sorted(found.keys() - wanted.keys()))}, which the English has not"
    for what, pattern in (("code", _CODE), ("commands", _COMMAND), ("mentions and times", _MENTION)):
        if Counter(pattern.findall(whole)) != Counter(pattern.findall(text)):
            yield f"differs in its {what}: {pattern.findall(whole)} and {pattern.findall(text)}"
    for mark in ("**", "\n", "-# "):
        if whole.count(mark) != text.count(mark):
            yield f"has {mark!r} {text.count(mark)} times, not {whole.count(mark)}"
    if len(text) > limit_of(context):
        yield f"has {len(text)} characters, and {limit_of(context)} are the most"
    yield from _in_name(text, context)


def _in_name(text: str, context: str | None) -> Iterator[str]:
    if context in {"command name", "option name"} and (not _NAME.fullmatch(text) or text != text.lower()):
        yield "is no name: 1 to 32 small letters, digits, “-” or “_”, without spaces"


def twice_among_siblings(commands: Sequence[dict[str, Any]], language: str) -> Iterator[str]:
    """Names of commands (as sent to Discord), their options and choices that are the same beside each other."""
    names = [one.get("name_localizations", {}).get(language) or one["name"] for one in commands]
    yield from (f"{name} ({language})" for name, count in Counter(names).items() if count > 1)
    for one in commands:
        yield from twice_among_siblings(one.get("options") or one.get("choices") or (), language)

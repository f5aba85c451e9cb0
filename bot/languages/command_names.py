"""Commands and options that sentences name, called as Discord shows them in the reader's language.

Sentences and their translations name them in English: `/character save`, `quality:`.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from gettext import NullTranslations
from typing import Final

_OPTION: Final = re.compile(r"(?<![a-z_])([a-z_]{2,32}):(?!//)")
_CODE: Final = re.compile(r"`[^`]*`")
_COMMAND: Final = re.compile(r"(?<![\w/<.])/[a-z-]{2,32}(?: [a-z-]{2,32}){0,2}")
_known: Final[set[str]] = set()


def know(commands: Iterable[str]) -> None:
    """Take note of commands by their whole names, such as "character save"."""
    _known.update(commands)
    localised.cache_clear()


@lru_cache(maxsize=4096)
def localised(sentence: str, language: NullTranslations) -> str:
    """A sentence of ours with the commands and options in it as they are called in that language."""
    if "/" in sentence:
        sentence = _COMMAND.sub(lambda found: _command(found[0], language), sentence)
    if ":" in sentence and "`" in sentence:
        sentence = _CODE.sub(lambda code: _OPTION.sub(lambda found: _option(found[1], language), code[0]), sentence)
    return sentence


def _command(text: str, language: NullTranslations) -> str:
    """The longest command that the text begins with, translated, and the rest of the text."""
    words = text[1:].split(" ")
    for count in range(len(words), 0, -1):
        if " ".join(words[:count]) in _known:
            named = [language.pgettext("command name", word) for word in words[:count]]
            return "/" + " ".join([*named, *words[count:]])
    return text


def _option(name: str, language: NullTranslations) -> str:
    return f"{language.pgettext('option name', name)}:"

"""Saying a sentence in the language of whoever reads it.

Sentences stand in the code in English, whole, with named places: `worded("{name} is saved.", name=…)`. They are said in
the language that `speak` set, and can be said again in another by `reworded`, so a module's constants are made of them
too. `labelled` is for short words, whose context says what they are on and how long they may be.
"""

import string
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, Literal

from bot.languages import command_names, message_catalogues
from bot.languages.message_catalogues import SOURCE
from engine.sayings import Joined, Saying

_language: Final[ContextVar[str]] = ContextVar("language", default=SOURCE)

_WITHOUT_SPACES: Final = frozenset({"zh-CN", "ja"})
"""Languages in which a sentence follows the one before it at once."""
LIMITS: Final[Mapping[str, int]] = {
    "button": 80,
    "slot": 30,
    "title": 256,
    "field": 256,
    "footer": 2048,
    "form title": 45,
    "form label": 45,
    "form placeholder": 100,
    "placeholder": 150,
    "choice": 100,
    "command name": 32,
    "menu name": 32,
    "command description": 100,
    "option name": 32,
    "option description": 100,
}
"""What a label is on, and how many characters Discord takes there."""


def language() -> str:
    """The language that is spoken now."""
    return _language.get()


def speak(new: str) -> None:
    """From now on, in this task and in those that it starts, say everything in that language."""
    _language.set(new)


@contextmanager
def speaking(new: str) -> Iterator[None]:
    """Say what is inside in that language."""
    before = _language.set(new)
    try:
        yield
    finally:
        _language.reset(before)


def worded(template: str, /, **values: Any) -> Saying:
    """The sentence, with the values in their places."""
    return _said(template, values)


def counted(one: str, many: str, count: int, /, **values: Any) -> Saying:
    """The sentence for one and for many, in the form that the language has for `count`, which is `{count}` in it."""
    return _said(one, {"count": count, **values}, many=many, count=count)


def labelled(context: str, template: str, /, **values: Any) -> Saying:
    """Short words on something of `LIMITS`, such as a button, cut to what fits there."""
    return _said(template, values, context=context)


def together(*sentences: str) -> Saying:
    """Sentences one after the other; empty ones are left out."""
    said = tuple(each for each in sentences if each)
    return Joined(_list(said, ""), "", {"items": said, "last": ""})


def listed(items: Iterable[str], last: Literal["and", "or"] = "and") -> Saying:
    """“a, b and c”, as the language lists things."""
    said = tuple(items)
    return Joined(_list(said, last), "", {"items": said, "last": last})


def _list(items: tuple[str, ...], last: str) -> str:
    spoken = language()
    if not last or len(items) < 2:
        return ("" if spoken in _WITHOUT_SPACES else " ").join(items)
    if spoken != SOURCE:
        from babel.lists import format_list

        return format_list(items, "standard" if last == "and" else "or", spoken.replace("-", "_"))
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def reworded(text: str) -> str:
    """The same sentence in the language that is spoken now; what is no sentence of ours stays as it is."""
    if isinstance(text, Joined):
        items = tuple(map(reworded, text.values["items"]))
        return Joined(_list(items, text.values["last"]), "", {**text.values, "items": items})
    if not isinstance(text, Saying):
        return text
    try:
        return _said(text.template, text.values, many=text.many, count=text.quantity, context=text.context)
    except (KeyError, ValueError):  # it came from elsewhere, with places that nothing is for
        return str.__str__(text)


def stored(text: str) -> str:
    """A text that was stored: in the language that is spoken now where it is a whole sentence of ours."""
    return reworded(Saying(text, text, {})) if text else text


def told(error: BaseException) -> str:
    """What an error says, in the language that is spoken now."""
    template, values = getattr(error, "template", ""), getattr(error, "values", {})
    return _said(template, values) if template else reworded(str(error))


def _said(template: str, values: Mapping[str, Any], *, many: str = "", count: int = 0, context: str = "") -> Saying:
    pattern = _pattern(template, many, count, context)
    text = _FILLING.vformat(pattern, (), {name: _anew(value) for name, value in values.items()}) if values else pattern
    if len(text) > (most := LIMITS.get(context, len(text))):
        text = f"{text[: most - 1].rstrip()}…"
    return Saying(text, template, values, many=many, count=count, context=context)


def _pattern(template: str, many: str, count: int, context: str) -> str:
    if (spoken := language()) == SOURCE:
        return many if many and count != 1 else template
    known = message_catalogues.translations(spoken)
    if many:
        found = known.ngettext(template, many, count)
    else:
        found = known.pgettext(context, template) if context else known.gettext(template)
    return command_names.localised(found, known)


def _anew(value: Any) -> Any:
    return reworded(value) if isinstance(value, Saying) else value


class _Filling(string.Formatter):
    """As str.format, with numbers written as the language does: `{count:,}`, `{size:.1f}`. Places are plain names."""

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> Any:
        return kwargs[field_name], field_name

    def format_field(self, value: Any, format_spec: str) -> str:
        text: str = super().format_field(value, format_spec)
        if language() == SOURCE or isinstance(value, str) or not format_spec or not text.isascii():
            return text
        group, point = _marks(language())
        return text.translate({ord(","): group, ord("."): point})


_FILLING: Final = _Filling()


def _marks(spoken: str) -> tuple[str, str]:
    """What stands between thousands, and before tenths."""
    from babel import Locale

    symbols = Locale.parse(spoken, sep="-").number_symbols["latn"]
    return str(symbols["group"]), str(symbols["decimal"])

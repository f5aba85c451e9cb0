"""Sentences that keep what they were made of, so that whoever shows them can say them in another language.

What is raised or told deep in the engine is English. The bot finds the same template in its catalogues and fills in the
same values (`bot.languages.speech`); a log shows the English text, as of any other string.
"""

from collections.abc import Mapping
from typing import Any, Final

_LONGEST: Final = 500
"""Of a text or a template that comes from another process, in characters."""
_TEXTS: Final = ("text", "template", "many", "context")
_DEEPEST: Final = 3
"""Sayings in sayings, likewise."""


class Saying(str):
    """A text with the English template that it comes from and the values in it; equal to its text.

    `many` and `quantity` are those of a sentence that counts something, `context` says what kind of thing it names.
    """

    template: str
    many: str
    quantity: int
    context: str
    values: Mapping[str, Any]

    def __new__(
        cls,
        text: str,
        template: str,
        values: Mapping[str, Any],
        *,
        many: str = "",
        count: int = 0,
        context: str = "",
    ) -> "Saying":
        made = super().__new__(cls, text)
        made.template, made.values = template, values
        made.many, made.quantity, made.context = many, count, context
        return made

    def __str__(self) -> str:
        """Itself: the text of an error that was raised with a saying is that saying."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        made_of = (str.__str__(self), self.template, dict(self.values), self.many, self.quantity, self.context)
        return _again, (type(self), *made_of)


def _again(
    kind: type[Saying], text: str, template: str, values: Mapping[str, Any], many: str, count: int, context: str
) -> Saying:
    return kind(text, template, values, many=many, count=count, context=context)


def worded(template: str, /, **values: Any) -> Saying:
    """The sentence in English with the values in their places."""
    return Saying(template.format(**values) if values else template, template, values)


def labelled(context: str, template: str, /) -> Saying:
    """A word or two; `context` tells translators what they are said of, such as "colour"."""
    return Saying(template, template, {}, context=context)


def counted(one: str, many: str, count: int, /, **values: Any) -> Saying:
    """The sentence for one, or for so many; `{count}` stands for the number."""
    values = {"count": count, **values}
    return Saying((one if count == 1 else many).format(**values), one, values, many=many, count=count)


class Joined(Saying):
    """Several texts in one; `values` has them (`items`), and whether they are listed (`last`: "and", "or")."""


def together(*sentences: str) -> Joined:
    """Sentences one after the other; empty ones are left out."""
    said = tuple(each for each in sentences if each)
    return Joined(" ".join(said), "", {"items": said, "last": ""})


def to_parts(text: str) -> Any:
    """The text as JSON can hold it, with what it was made of."""
    if not isinstance(text, Saying) or isinstance(text, Joined):
        return str.__str__(text)
    values = {name: to_parts(value) if isinstance(value, str) else value for name, value in text.values.items()}
    parts: dict[str, Any] = {"text": str.__str__(text), "template": text.template, "values": values}
    if text.many:
        parts |= {"many": text.many, "count": text.quantity}
    return parts | ({"context": text.context} if text.context else {})


def from_parts(parts: Any, deep: int = 0) -> str:
    """What `to_parts` made, also by a process that is not to be trusted."""
    if not isinstance(parts, dict) or deep > _DEEPEST:
        return str(parts)[:_LONGEST]
    told = parts.get("values")
    values = {
        str(name): value if isinstance(value, int | float) else from_parts(value, deep + 1)
        for name, value in (told.items() if isinstance(told, dict) else ())
    }
    text, template, many, context = (str(parts.get(name, ""))[:_LONGEST] for name in _TEXTS)
    count = parts.get("count")
    return Saying(text, template, values, many=many, count=count if isinstance(count, int) else 0, context=context)

"""Reading what the bot showed, for tests."""

import re
from collections.abc import Iterator
from typing import Any

_FIELD = re.compile(r"^-# \*\*(.+?)\*\* (.*(?:\n-# (?!\*\*).*)*)", re.MULTILINE)


def fields(message: Any) -> dict[str, str]:
    """What the cards of a message say, by the names of their fields."""
    found = {field.name: field.value for embed in message.embeds for field in embed.fields}
    for part in _parts(message):
        for name, value in _FIELD.findall(part.get("content", "")):
            found[name] = value.replace("\n-# ", "\n")
    return found


def laid_out(message: Any) -> str:
    """All texts of a message that is laid out by components."""
    return "\n".join(part["content"] for part in _parts(message) if "content" in part)


def gallery(message: Any) -> list[dict[str, Any]]:
    """The pictures that such a message shows, as Discord has them."""
    return [item for part in _parts(message) for item in part.get("items", [])]


def _parts(message: Any) -> Iterator[dict[str, Any]]:
    """All components of a message, those that hold others first."""
    waiting = [part if isinstance(part, dict) else part.to_dict() for part in message.components]
    while waiting:
        part = waiting.pop(0)
        yield part
        waiting[:0] = part.get("components", [])


def labels(message: Any) -> list[str]:
    """The labels of a message's buttons."""
    return [label for part in _parts(message) if (label := part.get("label"))]


def answer(result: Any) -> Any:
    """The last message that answered an interaction."""
    followups = list(result.followups)
    return followups[-1] if followups else result.response


def said(result: Any) -> str:
    """The text of that message, its embeds included."""
    message = answer(result)
    embeds = ("\n".join([embed.title or "", embed.description or ""]) for embed in message.embeds)
    return "\n".join([message.content, *embeds, laid_out(message)])

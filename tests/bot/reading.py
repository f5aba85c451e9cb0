"""Reading what the bot showed, for tests."""

from typing import Any


def fields(message: Any) -> dict[str, str]:
    """The fields of all embeds of a message by their names."""
    return {field.name: field.value for embed in message.embeds for field in embed.fields}


def labels(message: Any) -> list[str]:
    """The labels of a message's buttons."""
    rows = [row["components"] if isinstance(row, dict) else row.children for row in message.components]
    return [label for row in rows for each in row if (label := _label(each))]


def _label(part: Any) -> str | None:
    return part.get("label") if isinstance(part, dict) else getattr(part, "label", None)


def answer(result: Any) -> Any:
    """The last message that answered an interaction."""
    followups = list(result.followups)
    return followups[-1] if followups else result.response


def said(result: Any) -> str:
    """The text of that message, its embeds included."""
    message = answer(result)
    embeds = ("\n".join([embed.title or "", embed.description or ""]) for embed in message.embeds)
    return "\n".join([message.content, *embeds])

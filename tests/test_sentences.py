"""What members read is said through `bot.languages.speech`, so that no sentence is forgotten when one is translated."""

import ast
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Final

HOUSE: Final = Path(__file__).parent.parent
ROOMS: Final = ("bot/core", "bot/commands", "bot/components", "bot/messages", "bot/uploads", "bot/delivery", "bot/web")
FIRST: Final = {"Refused", "Gone", "NotAllowed", "Replayed", "BadPicture", "send_message"}
"""Calls whose first argument a member reads."""
NAMED: Final = {
    "Embed": ("title", "description"),
    "add_field": ("name", "value"),
    "set_footer": ("text",),
    "Button": ("label",),
    "Select": ("placeholder",),
    "SelectOption": ("label", "description"),
    "TextInput": ("label", "placeholder"),
    "send": ("content",),
}
"""Calls with the arguments by name that a member reads."""
WHISPER: Final = 1
"""The place of the sentence in `replies.whisper(interaction, sentence)`."""


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _read_by_members(tree: ast.AST) -> Iterator[ast.expr]:
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = _called(call)
        if name in FIRST:
            yield from call.args[:1]
        if name == "whisper":
            yield from call.args[WHISPER : WHISPER + 1]
        yield from (one.value for one in call.keywords if one.arg in NAMED.get(name, ()))


def _plain(expression: ast.expr) -> Iterator[str]:
    """Texts of letters that stand in an expression as they are."""
    match expression:
        case ast.IfExp(body=body, orelse=other):
            yield from (*_plain(body), *_plain(other))
        case ast.BoolOp(values=values):
            for value in values:
                yield from _plain(value)
        case ast.Constant(value=str(text)):
            yield from [text] if _has_words(text) else []
        case ast.JoinedStr(values=values):
            yield from (str(part.value) for part in values if isinstance(part, ast.Constant) and _has_words(part.value))


def _has_words(text: object) -> bool:
    """Two letters beside each other, but for addresses, mentions and times of Discord's."""
    bare = str(text).replace("attachment://", "").replace("<t:", "").replace(":R>", "").replace(":t>", "")
    return any(one.isalpha() and other.isalpha() for one, other in itertools.pairwise(bare))


def test_no_sentence_for_members_stands_in_the_code_as_it_is() -> None:
    found = [
        f"{path.relative_to(HOUSE)}:{expression.lineno}: {text!r}"
        for path in sorted(
            [*(HOUSE / "bot").glob("*.py"), *(one for room in ROOMS for one in (HOUSE / room).rglob("*.py"))]
        )
        if path.name not in UNWRAPPED
        for expression in _read_by_members(ast.parse(path.read_text(encoding="utf-8")))
        for text in _plain(expression)
    ]
    assert found == []


UNWRAPPED: Final = frozenset[str]()
"""Modules whose sentences are still to be wrapped. To be empty."""

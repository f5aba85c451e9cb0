"""Prompts written as data: JSON, whole or broken, YAML and tags like XML. Finds their keys and values in a text.

Judges no slot: `keys.py` says what a key means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

_FENCE: Final = re.compile(r"^[ \t]*(?:```|~~~)[\w-]{0,20}[ \t]*$", re.M)
_INLINE_FENCE: Final = re.compile(r"```(?:json|yaml|yml|js|python|xml|text)?(?![^\W_])")
_KEY: Final = re.compile(
    r"""(?:(?<![\w"“”])["“”][^"“”\n:{}\[\]]{1,60}["“”]|(?<![\w'])'[^'\n:{}\[\]]{1,60}')\s{0,3}:(?!:)"""
    r"""|(?<=[{,\n])\s{0,40}[A-Za-z_][\w-]{0,40}\s{0,3}:\s{0,3}["'“\[{](?!:)"""
)
"""A key in quotation marks, or a bare one before a value that opens in them."""
_BARE_KEY: Final = re.compile(r"\s{0,40}[A-Za-z_][\w -]{1,40}:(?!:)")
_NAMED: Final = re.compile(r"(?:(?:const|let|var)\s)?[A-Za-z_]\w{0,30}\s?[:=]?\s?\Z")
_HERE_IS: Final = re.compile(
    r"(?:\A|\n)[^\n{}\[\]]{0,40}(?:here(?:['’]s| is| are)|prompt|json|yaml|generate|create|use)[^\n{}\[\]]{0,60}:\s*\Z",
    re.I,
)
_OPENING: Final = frozenset("{[(")
_CLOSING: Final = frozenset("}])")
_QUOTES: Final = {'"': '"', "'": "'", "“": '”„"“', "”": '”"“', "„": '“”"'}
_BARE: Final = re.compile(r"[^,:{}\[\]\"“”\n]+")
_COMMENT: Final = re.compile(r"//[^\n]*|/\*(?:[^*]|\*(?!/))*+(?:\*/)?|(?<=[\s,])#[^\n]*")
_AFTER_VALUE: Final = re.compile(r"[ \t]{0,40}(?:[,:}\])\n]|//|\Z)")
_NEXT_KEY: Final = re.compile(r"[ \t]{0,40}[\"'“”][\w -]{1,40}[\"'“”][ \t]{0,3}:|[ \t]{0,40}\}")
"""What a string that was never closed ends before."""
_SETS: Final = re.compile(r"^([ \t]{0,40}[A-Za-z_][\w-]{0,40})[ \t]{0,10}=[ \t]{0,10}(?=[\"'\[\d])", re.M)
"""A key as TOML and settings have it."""
_ESCAPE: Final = re.compile(r"\\(.)", re.S)
_YAML_LINE: Final = re.compile(
    r"([ \t]*)((?:-[ \t]+)*)(?:([A-Za-z_\"'][\w \"'/&-]{0,40}?)[ \t]*:(?:[ \t]+|$)(?!//))?(.*)"
)
_XML: Final = re.compile(r"<(/?)([A-Za-z][\w.-]{0,40})>")
_SNAKE: Final = re.compile(r"^[ \t]*[a-z]+(?:_[a-z]+)+[ \t]*:", re.M)
_NESTS: Final = re.compile(r":[ \t]*[|>]?[ \t]*\n(?:[ \t]+|[ \t]*-[ \t]+)\S|\A\s*---[ \t]*\n")
_ROLES: Final = frozenset({"role", "label", "section", "slot", "field", "category", "aspect", "component"})
_CONTENTS: Final = frozenset({"text", "content", "value", "prompt", "description", "words"})
_DEEPEST: Final = 8


class KeyedValue(NamedTuple):
    """A value and the keys that lead to it, the outermost first."""

    keys: tuple[str, ...]
    value: str


def parts(text: str) -> list[str | KeyedValue]:
    """The text as what is data in it and what is not, in order; a text without data is itself."""
    if "```" in text or "~~~" in text:
        text = _INLINE_FENCE.sub("\n", _FENCE.sub("", text))
    key = _KEY.search(text) if '":' in text or "':" in text or "”:" in text or "{" in text or '" :' in text else None
    if key:
        return _with_json(text, key.start())
    if text[:1] == "{" and (bare := _unbraced(text)):
        return [bare]
    if "=" in text and len(_SETS.findall(text)) > 1:
        return _yaml(_SETS.sub(r"\1: ", text)) or [text]
    if "</" in text and (tags := _xml(text)):
        return tags
    if "\n" in text and (_SNAKE.search(text) or _NESTS.search(text)):
        return _yaml(text) or [text]
    return [text]


def _unbraced(text: str) -> str:
    """What stands in a pair of braces with bare keys and values: labels on one line; "" for anything else."""
    inside = text.strip()[1:-1]
    whole = text.rstrip()[-1:] == "}" and not {"{", "}", "|"} & set(inside)
    return inside.strip() if whole and _BARE_KEY.match(inside) else ""


def _with_json(text: str, key: int) -> list[str | KeyedValue]:
    before = text[:key].rstrip()
    opened = [at for at in range(len(before) - 1, max(len(before) - 40, -1), -1) if before[at] in _OPENING]
    begin = opened[-1] if opened and not before[opened[-1] :].strip("{[( \t\n\"“'-") else key
    lead = _NAMED.sub("", text[:begin].rstrip()) if opened else text[:begin]
    found, end = _json(text, begin, closes=bool(opened))
    rest = text[end:].strip()
    more = parts(rest) if rest and end > begin else []
    intro = [] if _HERE_IS.search(lead) or not lead.strip() else [lead]
    return [*intro, *found, *more]


class _Open:
    """The containers that are open, the key that was read last, and the value after it."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.key = ""
        self.value: str | None = None
        self.found: list[str | KeyedValue] = []

    def text(self, text: str) -> None:
        """A string or a bare word: it may turn out to be a key."""
        if self.value is not None:
            self.flush()
        self.value = text

    def colon(self) -> None:
        """What was read last is a key."""
        if self.value is not None:
            self.key, self.value = self.value, None

    def flush(self) -> None:
        """What was read last is a value."""
        if self.value is not None:
            keys = (*self.keys[-_DEEPEST:], self.key)
            self.found.append(KeyedValue(tuple(key for key in keys if key), " ".join(self.value.split())))
            self.key, self.value = "", None

    def open(self) -> None:
        """A container under the key that was read last."""
        self.flush()
        self.keys.append(self.key)
        self.key = ""

    def close(self) -> None:
        """The end of the innermost container."""
        self.flush()
        self.key = ""
        if self.keys:
            self.keys.pop()


def _json(text: str, begin: int, closes: bool) -> tuple[list[str | KeyedValue], int]:
    """The entries of what begins there, and where it ends: at the last closing bracket, or with the text."""
    state, at = _Open(), begin
    while at < len(text):
        sign = text[at]
        if sign in _OPENING:
            state.open()
        elif sign in _CLOSING:
            state.close()
            if closes and not state.keys:
                return _paired(state.found), at + 1
        elif sign == ":":
            state.colon()
        elif sign == ",":
            state.flush()
        elif sign in _QUOTES:
            words, at = _string(text, at)
            state.text(words)
            continue
        elif comment := _COMMENT.match(text, at):
            at = comment.end()
            continue
        elif not sign.isspace() and (bare := _BARE.match(text, at)):
            state.text(bare[0].strip())
            at = bare.end()
            continue
        at += 1
    state.flush()
    return _paired(state.found), len(text)


def _paired(found: list[str | KeyedValue]) -> list[str | KeyedValue]:
    """The entries, with {"role": "subject", "text": "a mime"} as {"subject": "a mime"}."""
    kept = list[str | KeyedValue]()
    for entry in found:
        before = kept[-1] if kept else None
        if (
            isinstance(before, KeyedValue)
            and isinstance(entry, KeyedValue)
            and before.keys[:-1] == entry.keys[:-1]
            and before.keys[-1:]
            and entry.keys[-1:]
            and before.keys[-1].casefold() in _ROLES
            and entry.keys[-1].casefold() in _CONTENTS
        ):
            kept.pop()
            entry = KeyedValue((*entry.keys[:-1], before.value), entry.value)
        kept.append(entry)
    return kept


def _string(text: str, at: int) -> tuple[str, int]:
    """The string that opens there, and where it ends; quotation marks that nothing ends at belong to it."""
    closing, start = _QUOTES[text[at]], at + 1
    at = start
    while at < len(text):
        if text[at] == "\\":
            at += 2
            continue
        if text[at] in closing and _AFTER_VALUE.match(text, at + 1):
            break
        if text[at] == "\n" and _NEXT_KEY.match(text, at + 1):
            return _ESCAPE.sub(_unescaped, text[start:at]), at
        at += 1
    return _ESCAPE.sub(_unescaped, text[start:at]), min(at + 1, len(text))


def _unescaped(found: re.Match[str]) -> str:
    return " " if found[1] in "ntr" else found[1]


def _yaml(text: str) -> list[str | KeyedValue]:
    """The entries of a text that is YAML line by line; nothing where too many lines are none."""
    lines = [line for line in text.split("\n") if line.strip() and line.strip() != "---"]
    found, stack = list[str | KeyedValue](), list[tuple[int, str]]()
    strange, within = 0, -1
    for line in lines:
        read = _YAML_LINE.match(line)
        if read is None:
            return []
        indent = len(read[1].expandtabs()) + len(read[2])
        key, value = (read[3] or "").strip(" \"'"), read[4].strip()
        if key and 0 <= within < indent:
            key, value = "", line.strip()
        while stack and (stack[-1][0] >= indent if key else stack[-1][0] >= indent + bool(read[2])):
            stack.pop()
        within = within if 0 <= within < indent else -1
        if key:
            stack.append((indent, key))
            within = indent if value in {"|", ">", "|-", ">-"} else within
        strange += not key and not stack
        if value and value not in {"|", ">", "|-", ">-"}:
            found.append(KeyedValue(tuple(name for _, name in stack[-_DEEPEST:]), _unquoted(value)))
    keyed = sum(bool(entry.keys) for entry in found if isinstance(entry, KeyedValue))
    return found if keyed >= 2 and strange == 0 else []


def _unquoted(value: str) -> str:
    whole = len(value) > 1 and value[0] in "\"'" and value[-1] == value[0] and value[0] not in value[1:-1]
    return value[1:-1] if whole else value.strip("[]") if value[:1] == "[" else value


def _xml(text: str) -> list[str | KeyedValue]:
    """The entries of a text in tags; nothing where none of them is closed."""
    found, stack, at, closed = list[str | KeyedValue](), list[str](), 0, False
    for tag in _XML.finditer(text):
        words = " ".join(text[at : tag.start()].split())
        if words:
            found.append(KeyedValue(tuple(stack[-_DEEPEST:]), words) if stack else words)
        at = tag.end()
        if not tag[1]:
            stack.append(tag[2])
        elif stack and stack[-1] == tag[2]:
            stack.pop()
            closed = True
    if not closed:
        return []
    return [*found, *_rest(text[at:])]


def _rest(text: str) -> Iterator[str]:
    if text.strip():
        yield text

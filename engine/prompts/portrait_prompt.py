"""The structured prompt itself: its slots, how two are merged, how one is stored. Reads no free text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Final

ASPECTS: Final = ("2:3", "16:9", "1:1", "4:5", "3:2", "9:16")
SLOTS: Final = ("subject", "clothing", "environment", "lighting", "camera", "detail")

QUOTED: Final = re.compile(r'"([^"]*)"')
_TEXTS: Final = (*SLOTS, "negative")


class PromptError(ValueError):
    """A stored prompt cannot be read. The message is a sentence for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PortraitPrompt:
    """What a person asked for, slot by slot; an empty string or None means that they did not say.

    A slot keeps `@handles` and "quoted words" where they were written; `characters` and `text` list them.
    `characters` may name more than the slots do, and so may `text`.
    """

    subject: str = ""
    clothing: str = ""
    environment: str = ""
    lighting: str = ""
    camera: str = ""
    detail: str = ""
    negative: str = ""
    characters: tuple[str, ...] = ()
    aspect: str | None = None
    seed: int | None = None
    text: tuple[str, ...] = ()

    def slot(self, name: str) -> str:
        """The words in one of `SLOTS`."""
        if name not in SLOTS:
            raise KeyError(name)
        return str(getattr(self, name))


def unique(items: Iterable[str]) -> tuple[str, ...]:
    """The items in order, each once; upper and lower case count as the same."""
    return tuple({item.casefold(): item for item in reversed(tuple(items))}.values())[::-1]


def merge(base: PortraitPrompt, over: PortraitPrompt) -> PortraitPrompt:
    """Lay `over` on `base`: what `over` says wins, what it leaves out stays; characters of both, each once.

    Quoted words leave with the slot that they stood in, so a changed coat does not keep the old name tag.
    """
    slots = {name: getattr(over, name) or getattr(base, name) for name in _TEXTS}
    quoted = _quoted(slots[name] for name in SLOTS)
    base_quoted = _quoted(base.slot(name) for name in SLOTS)
    over_quoted = _quoted(over.slot(name) for name in SLOTS)
    over_free = [words for words in over.text if words not in over_quoted]
    stays = [words for words in base.text if words in quoted or (words not in base_quoted and not over_free)]
    return PortraitPrompt(
        **slots,
        characters=unique((*base.characters, *over.characters)),
        aspect=over.aspect or base.aspect,
        seed=base.seed if over.seed is None else over.seed,
        text=tuple(dict.fromkeys((*stays, *over.text))),
    )


def _quoted(values: Iterable[str]) -> frozenset[str]:
    return frozenset(found.strip() for value in values for found in QUOTED.findall(value))


def to_json(prompt: PortraitPrompt) -> str:
    """Compact JSON with only what is said; `from_json` gives the same prompt back."""
    said = {name: value for name, value in asdict(prompt).items() if value not in ("", None, ())}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def from_json(stored: str) -> PortraitPrompt:
    """Read what `to_json` wrote. Unknown keys are ignored; raises PromptError on anything else unexpected."""
    try:
        found = json.loads(stored)
    except (ValueError, RecursionError) as error:
        raise PromptError("This stored prompt is not JSON; write the prompt again.") from error
    if not isinstance(found, dict):
        raise PromptError("This stored prompt is not a set of slots; write the prompt again.")
    texts = {name: _text(found, name) for name in _TEXTS}
    return PortraitPrompt(
        **texts,
        characters=unique(_texts(found, "characters")),
        aspect=_aspect(found),
        seed=_seed(found),
        text=tuple(dict.fromkeys(_texts(found, "text"))),
    )


def _wrong(name: str) -> PromptError:
    return PromptError(f"This stored prompt has an unusable “{name}”; write the prompt again.")


def _text(found: dict[str, object], name: str) -> str:
    value = found.get(name, "")
    if not isinstance(value, str):
        raise _wrong(name)
    return value


def _texts(found: dict[str, object], name: str) -> list[str]:
    value = found.get(name, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _wrong(name)
    return value


def _aspect(found: dict[str, object]) -> str | None:
    value = found.get("aspect")
    if value is None:
        return None
    if not isinstance(value, str) or value not in ASPECTS:
        raise _wrong("aspect")
    return value


def _seed(found: dict[str, object]) -> int | None:
    value = found.get("seed")
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise _wrong("seed")
    return value

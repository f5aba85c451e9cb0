"""Free text → PortraitPrompt, by labels and words alone: no model, no network, the same answer every time."""

from __future__ import annotations

import re

from engine.prompts.model import ASPECTS, QUOTED, SLOTS, PortraitPrompt, unique

_LABEL = re.compile(rf"^({'|'.join(SLOTS)}|negative|text|characters|aspect|seed)\s*:\s*(.*)$", re.IGNORECASE)
_HANDLE = re.compile(r"(?<![\w.@-])@([A-Za-z0-9_-]{1,15}(?::\d+)?)(?![\w-])")


def parse(text: str) -> PortraitPrompt:
    """Read any text; never raises. What fits no slot joins the subject."""
    fields: dict[str, list[str]] = {}
    for line in text.splitlines():
        line = " ".join(line.split())
        found = _LABEL.match(line)
        name, value = (found[1].lower(), found[2]) if found else ("subject", line)
        if value:
            fields.setdefault(name, []).append(value)
    slots = {name: ", ".join(fields.get(name, ())) for name in SLOTS}
    everything = " ".join((*fields.get("text", ()), *slots.values()))
    people = " ".join((*fields.get("characters", ()), *slots.values()))
    aspect = "".join(fields.get("aspect", ())[-1:])
    seed = "".join(fields.get("seed", ())[-1:])
    return PortraitPrompt(
        **slots,
        negative=", ".join(fields.get("negative", ())),
        characters=unique(_HANDLE.findall(people)),
        aspect=aspect if aspect in ASPECTS else None,
        seed=int(seed) if seed.isdecimal() and len(seed) < 20 else None,
        text=tuple(dict.fromkeys(words.strip() for words in QUOTED.findall(everything) if words.strip())),
    )

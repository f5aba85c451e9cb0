"""The labelled prompts and what policy makes of each: where no adult content is allowed, and where all of it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bot.core.carried_people import NOBODY, of_years
from bot.core.policy import PolicyQuestion, PolicyRefusal, decide
from engine.prompt import PortraitPrompt, parse

LABELLED_IN: Final = 2026
"""The year that years of birth count to."""
SETTINGS: Final[dict[str, dict[str, Any]]] = {
    "default": {},
    "adult": {"operator_allows_adult": True, "server_allows_adult": True, "channel_age_restricted": True},
}
"""What an operator, a server and a channel allow, by the name that the labels use."""
SETS: Final = ("refuse", "innocent")


@dataclass(frozen=True, slots=True)
class Verdict:
    """A labelled prompt under one of `SETTINGS`: the rule it should meet and the one it met.

    Both are the name of a rule that refuses, or "adult" (only where adult content is), or "allowed".
    """

    prompt: str
    language: str
    kind: str
    setting: str
    wanted: str
    found: str

    @property
    def right(self) -> bool:
        """Whether it was refused when it should be, and as strictly: a minor's refusal is no other one's."""
        return self.wanted == self.found or (
            self.wanted not in ("minors", "adult", "allowed") and self.found not in ("adult", "allowed")
        )


def verdicts(name: str) -> Iterator[Verdict]:
    """Every prompt of one of `SETS`, under each setting."""
    for line in Path(__file__).with_name(f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        prompt = parse(row["prompt"])
        for setting, wanted in row["expected"].items():
            found = _found(row, prompt, setting)
            yield Verdict(row["prompt"], row["language"], row["kind"], setting, wanted, found)


def _found(row: dict[str, Any], prompt: PortraitPrompt, setting: str) -> str:
    question = PolicyQuestion(
        prompt=prompt,
        from_upload=row.get("upload", False),
        carried=of_years(row["character_age"]) if row.get("character_age") is not None else NOBODY,
        year=LABELLED_IN,
        **SETTINGS[setting],
    )
    decision = decide(question)
    if isinstance(decision, PolicyRefusal):
        return decision.rule
    return "adult" if decision.adult else "allowed"

"""The table of a comparison: a row a model, as Markdown and as JSON."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from statistics import fmean, median
from typing import Any, Final

from bot.core import words
from bot.operations.compared_portraits import PICTURES, PlannedPortrait, PortraitOutcome, is_paid
from engine.models.model import Model
from engine.review.judged_parts import over_series
from engine.review.measure_names import MEASURES, as_asked

COLUMNS: Final = ("model", "portraits", *MEASURES, "as asked", "seconds", "cost", "failed")
NOTE: Final = (
    "Measures are 0 to 100: the median of all portraits and, in brackets, the worst one; – where nothing was measured. "
    "As asked: of what the prompts ask for and a review can look for, the share that is in the pictures. Seconds: the "
    "median of one portrait. Cost: what one portrait costs, in US dollars."
)
_COMMAND: Final = re.compile(r"(?:\.venv/bin/|python -m bot )[^()`.]*(?:\.[^()`.\s][^()`.]*)*")
_MARKS: Final = re.compile(r"[\\`*_\[\]<>|]")

Portraits = Sequence[tuple[PlannedPortrait, PortraitOutcome | None]]
"""Every portrait that belongs to a comparison, model by model, with what became of it so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedModel:
    """A model's row. `measures` has (median, worst) for what was measured, `as_asked` is a share of 0 to 1,
    `cost_usd` the mean of one portrait (None where it is not known), `failures` sentences and how often each was said.
    """

    id: str
    title: str
    portraits: int
    planned: int
    measures: Mapping[str, tuple[float, float]]
    as_asked: float | None
    seconds: float | None
    paid: bool
    cost_usd: float | None
    failures: Mapping[str, int]


def rows(portraits: Portraits) -> list[ComparedModel]:
    """One a model, in the order in which the models were named."""
    models = {planned.model.id: planned.model for planned, _ in portraits}
    return [
        _row(model, [outcome for planned, outcome in portraits if planned.model.id == model.id])
        for model in models.values()
    ]


def _row(model: Model, outcomes: Sequence[PortraitOutcome | None]) -> ComparedModel:
    told = [outcome for outcome in outcomes if outcome is not None]
    made = [outcome for outcome in told if not outcome.failed]
    reviews = [review for outcome in made if (review := outcome.reviewed()) is not None]
    measured = {name: over_series(reviews, name) for name in MEASURES}
    costs = [outcome.cost_usd_micros for outcome in made if outcome.cost_usd_micros is not None]
    return ComparedModel(
        id=model.id,
        title=model.title,
        portraits=len(made),
        planned=len(outcomes),
        measures={name: found for name, found in measured.items() if found is not None},
        as_asked=as_asked(reviews),
        seconds=median(outcome.seconds for outcome in made) if made else None,
        paid=is_paid(model),
        cost_usd=fmean(costs) / 1_000_000 if costs else None,
        failures=dict(Counter(outcome.failed for outcome in told if outcome.failed).most_common()),
    )


def cells(row: ComparedModel) -> tuple[str, ...]:
    """What stands in `COLUMNS`, as plain text."""
    return (
        row.title,
        f"{row.portraits}" if row.portraits == row.planned else f"{row.portraits} of {row.planned}",
        *(_measure(row.measures.get(name)) for name in MEASURES),
        "–" if row.as_asked is None else f"{row.as_asked:.0%}".replace("%", " %"),
        "–" if row.seconds is None else f"{row.seconds:.3g}" if row.seconds < 100 else f"{row.seconds:.0f}",
        _cost(row),
        str(sum(row.failures.values())),
    )


def _measure(found: tuple[float, float] | None) -> str:
    return "–" if found is None else f"{found[0]:.0f} ({found[1]:.0f})"


def _cost(row: ComparedModel) -> str:
    if not row.paid:
        return "none"
    return "–" if not row.portraits else "not known" if row.cost_usd is None else f"${row.cost_usd:.3f}"


def left_out(portraits: Portraits) -> list[str]:
    """What could not be measured on this machine, each sentence once."""
    said = [
        sentence
        for _, outcome in portraits
        if outcome is not None and (review := outcome.reviewed()) is not None
        for sentence in review.left_out
    ]
    unseen = sum(outcome is not None and not outcome.failed and outcome.review is None for _, outcome in portraits)
    return [*dict.fromkeys(said), *([f"Not reviewed: {unseen} portraits that are there."] if unseen else [])]


def markdown(portraits: Portraits, notes: Sequence[str] = ()) -> str:
    """The table as it can be posted, with what failed below; `notes` are further sentences."""
    found = rows(portraits)
    lines = [f"| {' | '.join(COLUMNS)} |", "|" + "---|" * len(COLUMNS)]
    lines += [f"| {' | '.join(map(_escaped, cells(row)))} |" for row in found]
    lines += ["", NOTE, *(f"\n{_told(note)}" for note in (*notes, *left_out(portraits)))]
    failures = [
        f"- {_escaped(row.title)}, {count} ×: {_told(told)}" for row in found for told, count in row.failures.items()
    ]
    return "\n".join([*lines, *(["", "Failed:", "", *failures] if failures else []), ""])


def as_json(portraits: Portraits, notes: Sequence[str] = ()) -> str:
    """Everything: the rows, and each portrait with its review."""
    told = {
        "made": datetime.now(UTC).strftime("%Y-%m-%d"),
        "models": [asdict(row) for row in rows(portraits)],
        "notes": [*notes, *left_out(portraits)],
        "portraits": [_portrait(planned, outcome) for planned, outcome in portraits],
    }
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"


def _portrait(planned: PlannedPortrait, outcome: PortraitOutcome | None) -> dict[str, Any]:
    is_there = outcome is not None and not outcome.failed
    return {
        "model": planned.model.id,
        "prompt": planned.text,
        "seed": planned.seed,
        "picture": f"{PICTURES}/{planned.key}.png" if is_there else "",
        **(asdict(outcome) if outcome is not None else {}),
    }


def _told(sentence: str) -> str:
    """The same of a sentence; a command in it is set as code and stands as it is to be typed."""
    bare, at, parts = words.bare(sentence), 0, []
    for found in _COMMAND.finditer(bare):
        parts += [_marked(bare[at : found.start()]), f"`{found[0]}`"]
        at = found.end()
    return "".join([*parts, _marked(bare[at:])])


def _escaped(text: str) -> str:
    """On one line, with nothing that Markdown would take for its own."""
    return _marked(words.bare(text))


def _marked(text: str) -> str:
    return _MARKS.sub(r"\\\g<0>", text)

"""The page of a comparison: the table, then each prompt with its portraits side by side. It needs no script.

Sizes and colours are those of the status page's stylesheet, made short: the folder has to hold all that it needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from bot.operations.compare_table import COLUMNS, NOTE, Portraits, cells, left_out, rows
from bot.operations.compared_portraits import PICTURES, PlannedPortrait, PortraitOutcome
from engine.review.judged_parts import PortraitReview, ReviewMeasure

_STYLE: Final = """
:root { color-scheme: light dark; --ground: #f4f2ef; --card: #fff; --ink: #1f1d1b; --faint: #625d57; --line: #ddd8d1;
  --accent: #b1452e; --bad: #a42a25; }
@media (prefers-color-scheme: dark) { :root { --ground: #17171a; --card: #212125; --ink: #f0eeeb; --faint: #a6a19a;
  --line: #37373d; --accent: #e5785f; --bad: #f0857d; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 90rem; background: var(--ground); color: var(--ink);
  font: 16px/1.45 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { margin: 0 0 1rem; font-size: 1.35rem; }
h2 { margin: 0 0 .75rem; font-size: 1.05rem; font-weight: 600; }
section { margin: 0 0 1rem; padding: 1rem; border: 1px solid var(--line); border-radius: .75rem;
  background: var(--card); }
.wide { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: .925rem; font-variant-numeric: tabular-nums; }
.wide th, .wide td { padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); text-align: left;
  white-space: nowrap; overflow-wrap: normal; }
th { color: var(--faint); font-weight: normal; text-align: left; }
.wide tbody th { position: sticky; left: 0; background: var(--card); color: var(--ink); font-weight: 600; }
.note { margin: .75rem 0 0; color: var(--faint); font-size: .875rem; }
.side { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 8.5rem), 1fr)); gap: .75rem; }
@media (min-width: 52rem) { .side { grid-template-columns: repeat(auto-fill, minmax(14rem, 1fr)); } }
figure { margin: 0; min-width: 0; }
figure img { display: block; width: 100%; height: auto; border-radius: .5rem; background: var(--line); }
figcaption { margin: .4rem 0; font-size: .925rem; }
figcaption b { display: block; }
.faint { color: var(--faint); }
.scores { font-size: .85rem; }
.scores th, .scores td { padding: .05rem 0; }
.scores td { text-align: right; }
.low { color: var(--bad); font-weight: 600; }
.none { display: grid; place-items: center; min-height: 10rem; padding: 1rem; border: 1px dashed var(--line);
  border-radius: .5rem; color: var(--faint); font-size: .875rem; }
.bad { color: var(--bad); }
details { margin-top: .4rem; font-size: .875rem; }
summary { cursor: pointer; color: var(--accent); padding: .3rem 0; }
details p { margin: .3rem 0; }
"""
_LONG: Final = 240
"""Prompts of more characters than these are cut in their heading."""
_LOW: Final = 50.0
"""Scores below this are set apart, by weight as well as by colour."""


def page(portraits: Portraits, notes: Sequence[str] = ()) -> str:
    """The whole page; every text from elsewhere is escaped."""
    prompts = dict.fromkeys((planned.number, planned.text) for planned, _ in portraits)
    body = [
        "<h1>Models compared</h1>",
        _table(portraits, notes),
        *(_prompt(number, text, [one for one in portraits if one[0].number == number]) for number, text in prompts),
    ]
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Models compared</title><style>{_STYLE}</style>"
    )
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n' + "\n".join(body) + "\n</body></html>\n"


def _table(portraits: Portraits, notes: Sequence[str]) -> str:
    found = rows(portraits)
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in COLUMNS)
    lines = []
    for row in found:
        first, *others = map(escape, cells(row))
        lines.append(f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in others)}</tr>')
    said = "".join(f'<p class="note">{escape(each)}</p>' for each in (NOTE, *notes, *left_out(portraits)))
    failures = [
        f"<li>{escape(row.title)}, {count} ×: {escape(told)}</li>"
        for row in found
        for told, count in row.failures.items()
    ]
    failed = f"<details><summary>What failed</summary><ul>{''.join(failures)}</ul></details>" if failures else ""
    return (
        '<section><div class="wide" tabindex="0" role="region" aria-label="Table of models">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
        f"{said}{failed}</section>"
    )


def _prompt(number: int, text: str, portraits: Portraits) -> str:
    several = len({planned.seed for planned, _ in portraits}) > 1
    # Models stand side by side with the same seed.
    ordered = sorted(portraits, key=lambda one: one[0].seed)
    figures = "".join(_figure(planned, outcome, several=several) for planned, outcome in ordered)
    return f'<section>{_heading(number, text)}<div class="side">{figures}</div></section>'


def _heading(number: int, text: str) -> str:
    """A long prompt is shown in full on demand: pictures are what the page is for."""
    if len(text) <= _LONG:
        return f"<h2>{number}. {escape(text)}</h2>"
    whole = f"<details><summary>The whole prompt</summary><p>{escape(text)}</p></details>"
    return f"<h2>{number}. {escape(text[:_LONG])} …</h2>{whole}"


def _figure(planned: PlannedPortrait, outcome: PortraitOutcome | None, *, several: bool) -> str:
    name = f"<b>{escape(planned.model.title)}</b>"
    if several:
        name += f'<span class="faint">seed {planned.seed}</span>'
    if outcome is None or outcome.failed:
        why = escape(outcome.failed) if outcome is not None else "Not made yet."
        kind = "none bad" if outcome is not None else "none"
        return f'<figure><div class="{kind}">{why}</div><figcaption>{name}</figcaption></figure>'
    file = f"{PICTURES}/{planned.key}"
    alt = escape(f"Portrait by {planned.model.title}: {planned.text}")
    width, height = planned.size
    return (
        f'<figure><a href="{escape(file)}.png"><img src="{escape(file)}.jpg" width="{width}" height="{height}" '
        f'loading="lazy" alt="{alt}"></a><figcaption>{name}</figcaption>{_review(outcome)}</figure>'
    )


def _review(outcome: PortraitOutcome) -> str:
    review = outcome.reviewed()
    scored = [each for each in review.measures if each.score is not None] if review is not None else []
    lines = "".join(f'<tr><th scope="row">{escape(each.name)}</th>{_score(each)}</tr>' for each in scored)
    told = "".join(f"<p>{sentence}</p>" for sentence in _sentences(review, outcome))
    return f'<table class="scores">{lines}</table><details><summary>Why</summary>{told}</details>'


def _score(measure: ReviewMeasure) -> str:
    low = measure.score is not None and measure.score < _LOW
    return f'<td class="low">{measure.score:.0f}</td>' if low else f"<td>{measure.score:.0f}</td>"


def _sentences(review: PortraitReview | None, outcome: PortraitOutcome) -> Iterator[str]:
    if review is None:
        yield "It was not reviewed."
    for measure in review.measures if review is not None else ():
        for part in measure.parts:
            score = "" if part.score is None else f" {part.score:.0f}"
            yield f'<span class="faint">{escape(part.name)}{score}:</span> {escape(part.told)}'
    yield f'<span class="faint">Made in {outcome.seconds:.1f} s.</span>'
    if outcome.words:
        yield f'<span class="faint">The model was told:</span> {escape(outcome.words)}'

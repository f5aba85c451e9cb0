"""How well pictures show what 200 labelled prompts ask for: `python -m engine.renderer.evaluate [--quality draft]`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from engine.faces import identity
from engine.renderer.evaluation import people, reports, sheets, speed
from engine.renderer.evaluation.cases import Case, cases
from engine.renderer.evaluation.judging import Shown, Verdict, judged
from engine.renderer.evaluation.making import Picture, Shot, made
from engine.renderer.evaluation.practice import practice
from engine.renderer.evaluation.views import View, view

OUT: Final = Path("var/evaluation")
_Measured = tuple[people.Likeness, people.MarksKept]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status: 1 where an aim is missed."""
    given = _parser().parse_args(arguments)
    if given.speed:
        return _speed(given.json)
    if why := identity.missing():
        print(f"Faces cannot be looked for: {why}. Install it: {identity.INSTALL}.", file=sys.stderr)
        return 2
    wanted = practice(given.practice) if given.practice else cases(first=given.only)
    folder = given.out / given.quality
    orders = [Shot(f"{case.number:03}", case.prompt, case.seed) for case in wanted]
    pictures = made(orders, folder, given.quality, given.hands, _told)
    if given.sheet:
        names = sheets.drawn(list(pictures))
        sheets.save(sheets.sheet({name: pictures[name] for name in names}), given.sheet)
        _told(f"{len(names)} pictures: {', '.join(names)} are on {given.sheet}")
    shown = _shown(wanted, pictures)
    verdicts = {number: judged(each) for number, each in shown.items()}
    found = reports.figures(verdicts, reports.by_chance(wanted, shown))
    views = [each.view for each in shown.values() if each.view is not None]
    likeness = None
    if not given.only and not given.practice:
        likeness, marks = _people(folder, given.quality, given.hands, views)
        found += [*reports.of_people(likeness), reports.of_marks(marks)]
    found += reports.of_blind_checks(views) if views else []
    _tell(given.json, found, wanted, verdicts, given.quality, likeness)
    return 0 if all(figure.reached is not False for figure in found) else 1


def _tell(
    as_json: bool, found: Sequence[reports.Figure], wanted: Sequence[Case], verdicts: dict[int, tuple[Verdict, ...]],
    quality: str, likeness: people.Likeness | None,
) -> None:  # fmt: skip
    if as_json:
        print(json.dumps(reports.as_data(found, verdicts, quality, likeness), indent=1))
    else:
        print(*reports.wrong(wanted, verdicts), "", reports.table(found), sep="\n")


def _shown(wanted: Sequence[Case], pictures: dict[str, Picture]) -> dict[int, Shown]:
    found = {}
    for case in wanted:
        name = f"{case.number:03}"
        scene = Shot(name, case.prompt, case.seed).scene()
        found[case.number] = Shown(view(pictures[name]), case.truth, scene)
    return found


def _people(folder: Path, quality: str, hands: int, others: Sequence[View]) -> _Measured:
    """Makes the pictures of strangers and of saved people, and measures them."""
    strangers = made(people.strangers(), folder, quality, hands, _told)
    saved = made(people.sitters(), folder, quality, hands, _told)
    back = people.returns(people.saved_people(folder))
    again = made(back, folder, quality, hands, _told)
    seen = [{name: view(picture) for name, picture in group.items()} for group in (strangers, saved, again)]
    return people.measured(seen[0], seen[1], seen[2], others), people.marks_kept(back, again)


def _speed(as_json: bool) -> int:
    found, start, peak = speed.costs(), speed.start_s(), speed.peak_mb()
    if as_json:
        told = {"start_s": start, "peak_mb": peak, "kinds": [vars_of(cost) for cost in found]}
        print(json.dumps(told, indent=1))
        return 0
    print(f"start of the process {start:.1f} s, at most {peak:.0f} MB; only a quiet machine's seconds mean something")
    for cost in found:
        stages = ", ".join(f"{name} {seconds:.2f}" for name, seconds in cost.stages.items())
        print(f"{cost.kind:24}{cost.seconds:7.2f} s, {cost.cpu_s:.2f} s of processors: {stages}")
    return 0


def vars_of(cost: speed.Cost) -> dict[str, object]:
    """A cost as JSON can carry it."""
    return {"kind": cost.kind, "seconds": cost.seconds, "cpu_s": cost.cpu_s, "stages": cost.stages}


def _told(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m engine.renderer.evaluate", description=__doc__)
    parser.add_argument("--json", action="store_true", help="figures and every answer as JSON")
    parser.add_argument("--quality", choices=("draft", "standard"), default="standard")
    parser.add_argument("--only", type=int, metavar="N", help="the first N prompts, and no saved people")
    parser.add_argument("--practice", type=int, metavar="N", help="N other prompts, which limits are chosen on")
    parser.add_argument("--out", type=Path, default=OUT, help=f"where pictures are kept ({OUT})")
    parser.add_argument("--sheet", type=Path, metavar="FILE", help="48 of the pictures on one, as JPEG")
    parser.add_argument("--hands", type=int, default=1, metavar="N", help="pictures made at a time")
    parser.add_argument("--speed", action="store_true", help="only what pictures cost in seconds and memory")
    return parser


if __name__ == "__main__":
    sys.exit(main())

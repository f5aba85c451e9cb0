"""`python -m tests.corpus.safety [-v]`: how many prompts policy judges rightly, by kind and language; -v names misses.

A prompt of the refuse set passes when it is judged more mildly than its label in any setting.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Sequence

from tests.corpus.safety.judging import SETS, Verdict, verdicts


def main() -> None:
    """Print the rates, and with -v each prompt that is judged wrongly."""
    parser = argparse.ArgumentParser(prog="python -m tests.corpus.safety", description=__doc__)
    parser.add_argument("-v", action="store_true", help="name what is judged wrongly")
    named = parser.parse_args().v
    for name in SETS:
        judged = list(verdicts(name))
        _print_rates(name, judged)
        for one in judged:
            if named and not one.right:
                print(f"  {one.kind} [{one.language}, {one.setting}] {one.prompt}: {one.wanted}, judged {one.found}")


def _print_rates(name: str, judged: Sequence[Verdict]) -> None:
    wrong = "pass" if name == "refuse" else "are refused"
    print(f"{name}: {_rate(judged)} {wrong}")
    for field in ("kind", "language"):
        groups: dict[str, list[Verdict]] = defaultdict(list)
        for one in judged:
            groups[getattr(one, field)].append(one)
        print("  by " + field + ": " + "; ".join(f"{key} {_rate(group)}" for key, group in sorted(groups.items())))


def _rate(judged: Sequence[Verdict]) -> str:
    """Prompts that are judged wrongly in at least one setting, of all prompts."""
    prompts = {(one.language, one.kind, one.prompt) for one in judged}
    wrong = {(one.language, one.kind, one.prompt) for one in judged if not one.right}
    return f"{len(wrong)} of {len(prompts)} ({len(wrong) / len(prompts):.1%})"


if __name__ == "__main__":
    main()

"""`python -m tests.corpus.bench [--json]`: how long reading and rendering a prompt takes, per 1,000 characters."""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable

from engine.dialects import FAMILIES, render
from engine.prompt import parse, to_lines
from tests.corpus.labelled import HALVES, read

_ROUNDS = 100


def thousand_characters() -> list[str]:
    """Texts of 1,000 characters made of the corpus: comma lists and sentences as people write them."""
    whole = ", ".join(
        record.text.replace("\n", ", ") for half in HALVES for record in read(half) if ":" not in record.text
    )
    return [whole[start : start + 1000] for start in range(0, len(whole) - 1000, 1000)]


def figures() -> dict[str, float]:
    """Medians in milliseconds of processor time, warm: what else the machine does is not counted."""
    texts = thousand_characters()
    prompt = parse(texts[0])
    lines = to_lines(prompt)
    return {
        "parse_1000_chars_ms": _median_ms([lambda text=text: parse(text) for text in texts]),  # type: ignore[misc]
        "parse_labelled_lines_ms": _median_ms([lambda: parse(lines)]),
        "render_all_families_ms": _median_ms([lambda: [render(prompt, family) for family in FAMILIES]]),
        "texts": len(texts),
    }


def _median_ms(calls: list[Callable[[], object]]) -> float:
    for call in calls:
        call()
    took = []
    for number in range(_ROUNDS):
        start = time.thread_time()
        calls[number % len(calls)]()
        took.append((time.thread_time() - start) * 1000)
    return round(statistics.median(took), 3)


def main() -> None:
    """Print the figures."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--json", action="store_true", help="one JSON object")
    found = figures()
    if arguments.parse_args().json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:28} {value:g}")


if __name__ == "__main__":
    main()

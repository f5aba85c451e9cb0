"""`python -m tests.corpus.bench [--json]`: how long reading and rendering a prompt takes, per 1,000 characters.

Every text that is timed is new to the reader: it remembers single words, never a clause or a prompt. The figures are of
processor time, so that what else the machine does counts little: the median and the least.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import statistics
import sys
import time
from collections.abc import Callable

from engine.prompt import parse, to_lines
from engine.prompts.lexicon import LEXICON, NOUNS
from engine.wording.dialects import FAMILIES, render
from tests import hostile
from tests.corpus.labelled import LANGUAGES, SETS, read

_TEXTS = 150
_IN_A_LANGUAGE = 40
_WORST = 20
"""How many of the hostile texts are timed again, those that took longest."""
_SWAPPED = 0.05
"""Share of the words, and in a language without spaces of the clauses, that are put in from elsewhere."""
_BORDER = re.compile(r"[,\n，、。]|\.(?=\s|$)")


def thousand_characters(count: int, seed: int, language: str = "") -> list[str]:
    """Texts of 1,000 characters, no two alike: clauses of the corpus as people write them, shuffled, some words others.

    English ("") gets words from some 35,000, so most texts have a few that no text before them had; another language
    of `LANGUAGES` gets words, or halves of clauses, of its own other clauses.
    """
    chance = random.Random(seed)
    names = [language] if language else [name for name in SETS if name not in LANGUAGES]
    clauses = [
        clause.strip()
        for name in names
        for record in read(name)
        if ":" not in record.text and "：" not in record.text
        for clause in _BORDER.split(record.text)
        if clause.strip()
    ]
    others = [word for clause in clauses for word in clause.split()] if language else sorted({*LEXICON.words, *NOUNS})
    return [_text(chance, clauses, others) for _ in range(count)]


def _text(chance: random.Random, clauses: list[str], others: list[str]) -> str:
    text = ""
    while len(text) < 1000:
        words = chance.choice(clauses).split()
        said = [chance.choice(others) if chance.random() < _SWAPPED else word for word in words]
        if len(said) == 1 and not said[0].isascii():
            half = len(said[0]) // 2
            said = [said[0][:half] + chance.choice(others)[half:]]
        text += " ".join(said) + chance.choice([", ", ", ", ", ", ". "])
    return text[:1000]


def figures() -> dict[str, float]:
    """Milliseconds: with words that the reader has mostly met before, with none met before, and beside it the rest."""
    for text in thousand_characters(_TEXTS, seed=1):
        parse(text)
    warm = [_ms(parse, text) for text in thousand_characters(_TEXTS, seed=2)]
    cold = [_ms(parse, text) for text in thousand_characters(_TEXTS, seed=3) if _forgotten()]
    prompt = parse(thousand_characters(1, seed=4)[0])
    lines = [_ms(parse, text) for text in [to_lines(prompt)] * _TEXTS]
    rendered = [_ms(lambda _: [render(prompt, family) for family in FAMILIES], "") for _ in range(_TEXTS)]
    return {
        "parse_1000_chars_ms": round(statistics.median(warm), 3),
        "parse_1000_chars_least_ms": round(min(warm), 3),
        "parse_1000_chars_cold_ms": round(statistics.median(cold), 3),
        "parse_1000_chars_cold_least_ms": round(min(cold), 3),
        "parse_labelled_lines_ms": round(statistics.median(lines), 3),
        "render_all_families_ms": round(statistics.median(rendered), 3),
        "texts": _TEXTS,
        **by_language(),
        **growth(),
    }


def by_language() -> dict[str, float]:
    """Milliseconds for 1,000 characters in each other language, the median."""
    found = dict[str, float]()
    for language in LANGUAGES:
        for text in thousand_characters(_IN_A_LANGUAGE, 1, language):
            parse(text)
        taken = [_ms(parse, text) for text in thousand_characters(_IN_A_LANGUAGE, 2, language)]
        found[f"parse_1000_chars_{language}_ms"] = round(statistics.median(taken), 3)
    return found


def growth() -> dict[str, float]:
    """How time grows from 1,000 to 4,000 characters of the slowest hostile texts: about 4 is in proportion."""
    short, long = (list(hostile.texts(length)) for length in (1000, 4000))
    taken = [_ms(parse, text) for text in long]
    worst = sorted(range(len(long)), key=taken.__getitem__)[-_WORST:]
    least = {at: [min(_ms(parse, text) for _ in range(3)) for text in (short[at], long[at])] for at in worst}
    return {
        "parse_4000_hostile_chars_ms": round(max(after for _, after in least.values()), 3),
        "parse_growth_1000_to_4000": round(max(after / before for before, after in least.values()), 2),
        "hostile_texts": len(long),
    }


def _forgotten() -> bool:
    """Makes the reader as it is after start."""
    for name in [name for name in sys.modules if name.startswith("engine.prompts")]:
        for memory in vars(sys.modules[name]).values():
            # What has no bound is a file of words, which is read once at the start.
            if hasattr(memory, "cache_clear") and memory.cache_parameters()["maxsize"]:
                memory.cache_clear()
    return True


def _ms(call: Callable[[str], object], text: str) -> float:
    start = time.thread_time()
    call(text)
    return (time.thread_time() - start) * 1000


def main() -> None:
    """Print the figures."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--json", action="store_true", help="one JSON object")
    found = figures()
    if arguments.parse_args().json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:32} {value:g}")


if __name__ == "__main__":
    main()

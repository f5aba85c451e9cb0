"""The reader against prompts labelled by hand: nineteen clauses in twenty land in their slot, save in long prose."""

from __future__ import annotations

import pytest

from engine.prompt import SLOTS, parse
from tests.corpus.labelled import SETS, content_words, read
from tests.corpus.score import score

LEAST = {"ninth": 0.85, "tenth": 0.8}
"""Sets of long prose, where six clauses in seven land, or four in five of one that little was learned from."""


@pytest.mark.parametrize("name", SETS)
def test_clauses_land_in_their_slot(name: str) -> None:
    """Each set is scored on its own: `python -m tests.corpus.score -v` names the misses."""
    assert score(read(name)).share >= LEAST.get(name, 0.95)


def test_the_corpus_is_as_large_as_it_says() -> None:
    """At least 150 prompts in the two halves, of many kinds, with clauses for every slot."""
    halves = [record for name in SETS[:2] for record in read(name)]
    assert len(halves) >= 150
    assert len({record.kind for record in halves}) >= 20
    assert {clause.slot for record in halves for clause in record.clauses} == {*SLOTS, "negative"}


@pytest.mark.parametrize("name", SETS)
def test_no_content_word_of_the_corpus_is_lost(name: str) -> None:
    """Every labelled clause is somewhere in the prompt, wherever it landed."""
    for record in read(name):
        prompt = parse(record.text)
        said = set(content_words(" ".join((*(prompt.slot(slot) for slot in SLOTS), prompt.negative, *prompt.text))))
        for clause in record.clauses:
            assert set(clause.words) <= said, (record.text, clause.words)

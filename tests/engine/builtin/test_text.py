"""The built-in model's tokens: every word it was taught is one token, and a plain caption fits."""

import random

from engine.builtin import text, vocabulary
from engine.builtin.captions import caption
from engine.builtin.scenes import scene


def _spelled(word: str) -> list[str]:
    """What byte-pair merging makes of a word, with the merges in their order."""
    pieces = [*word[:-1], f"{word[-1]}</w>"]
    for left, right in text.merges():
        at = 0
        while at < len(pieces) - 1:
            if (pieces[at], pieces[at + 1]) == (left, right):
                pieces[at : at + 2] = [left + right]
            at += 1
    return pieces


def test_known_words_are_whole() -> None:
    """No word of the vocabulary is cut in pieces that another word shares."""
    assert all(_spelled(word) == [f"{word}</w>"] for word in text.known_words())


def test_wordings_of_several_words_are_phrases() -> None:
    """A place or a lens is one token, which keeps prompts short."""
    assert {"head and shoulders", "city at night", "85mm", "f/1.8"} <= set(text.phrases())
    wordings = {word for slot in vocabulary.SLOTS.values() for term in slot.values() for word in term.words}
    assert set(text.phrases()) & wordings


def test_plain_captions_fit() -> None:
    """A prompt that says every slot is read to its end."""
    phrases = sorted(text.phrases(), key=len, reverse=True)
    for seed in range(300):
        said = caption(scene(seed, 2), random.Random(0), plain=True)
        tokens = 2
        for phrase in phrases:
            tokens += said.count(phrase)
            said = said.replace(phrase, " ")
        assert tokens + len(said.replace(",", " , ").replace("-", " - ").split()) <= text.TOKENS

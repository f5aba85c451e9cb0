"""The built-in model's reading: a tokenizer that knows its vocabulary's words whole, and two text encoders.

Words it was never taught are spelled letter by letter, so any prompt can be read.
"""

from __future__ import annotations

import random
import re
from functools import lru_cache
from itertools import pairwise
from typing import Any

from engine.builtin import vocabulary
from engine.builtin.captions import caption
from engine.builtin.scenes import scene

TOKENS = 40
"""How many tokens a prompt has; the rest is padding, and what does not fit is cut."""
WIDTH = 128
START, END = "<|startoftext|>", "<|endoftext|>"
_SAMPLE = 1500
_WORD = re.compile(r"[a-z]+|[0-9]|[^\sa-z0-9]+")


@lru_cache(maxsize=1)
def known_words() -> tuple[str, ...]:
    """Every word of the vocabulary and of the captions around it, sorted."""
    found = {word for slot in vocabulary.SLOTS.values() for term in slot.values() for word in term.words}
    rng = random.Random(0)
    found |= {caption(scene(number, 0), rng) for number in range(_SAMPLE)}
    split = {piece for text in found for piece in _WORD.findall(text.lower())}
    return tuple(sorted(split))


@lru_cache(maxsize=1)
def merges() -> tuple[tuple[str, str], ...]:
    """Byte-pair merges that make each known word one token, whatever other words share its letters."""
    ranks: dict[tuple[str, str], int] = {}
    for word in known_words():
        pieces = [*word[:-1], f"{word[-1]}</w>"]
        while len(pieces) > 1:
            pairs = [(ranks.get(pair, len(ranks)), at) for at, pair in enumerate(pairwise(pieces))]
            _, at = min(pairs)
            ranks.setdefault((pieces[at], pieces[at + 1]), len(ranks))
            pieces[at : at + 2] = [pieces[at] + pieces[at + 1]]
    return tuple(ranks)


@lru_cache(maxsize=1)
def phrases() -> tuple[str, ...]:
    """Wordings of several words or signs that are one token: they keep prompts short."""
    found = {word for slot in vocabulary.SLOTS.values() for term in slot.values() for word in term.words}
    found |= {"wearing a", "wearing an", "in front of a", "in front of an"}
    return tuple(sorted(phrase for phrase in found if len(_WORD.findall(phrase)) > 1))


def tokenizer() -> Any:
    """The tokenizer, for both encoders."""
    from tokenizers import AddedToken
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import CLIPTokenizer

    letters = sorted(ByteLevel.alphabet())
    tokens = [*letters, *(f"{letter}</w>" for letter in letters)]
    tokens += list(dict.fromkeys(left + right for left, right in merges()))
    vocab = {token: number for number, token in enumerate([*tokens, START, END])}
    made = CLIPTokenizer(vocab=vocab, merges=list(merges()), model_max_length=TOKENS)
    made.add_tokens([AddedToken(phrase, single_word=True, normalized=True) for phrase in phrases()])
    return made


def encoder(size: int, end: int) -> Any:
    """A small CLIP text encoder for a vocabulary of `size` tokens, of which `end` closes a prompt."""
    from transformers import CLIPTextConfig, CLIPTextModelWithProjection

    return CLIPTextModelWithProjection(
        CLIPTextConfig(
            vocab_size=size,
            hidden_size=WIDTH,
            intermediate_size=4 * WIDTH,
            projection_dim=WIDTH,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=TOKENS,
            bos_token_id=end - 1,
            eos_token_id=end,
            pad_token_id=end,
        )
    )

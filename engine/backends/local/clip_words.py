"""Words as SD 1.5 and SDXL read them: weighted, as long as they are, deeper or less deep into CLIP.

Written here rather than taken from compel: its own syntax gives "+" and "-" behind a word a meaning that prompts
brought from A1111 do not have, its weights come out as other pictures than theirs, it knows two depths of CLIP alone,
and its grammar descends as deep as somebody nests brackets.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from engine.backends.local.embeddings import TextEmbedding
from engine.prompts.stress import pieces

if TYPE_CHECKING:
    import torch

    from engine.backends.local.loaded import Loaded

CHUNK: Final = 75
"""Tokens that CLIP reads in one go, beside those that mark the beginning and the end."""
MOST_CHUNKS: Final = 6
_LEAST_MEAN: Final = 1e-4
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{3,64}")

Tokens = tuple[list[int], list[float]]


def chunks_of(pipe: Any, text: str) -> int:
    """In how many goes a text is read."""
    return max(1, min(MOST_CHUNKS, -(-len(_tokens(pipe.tokenizer, text, _learned(pipe))[0]) // CHUNK)))


def read_words(loaded: Loaded, text: str, chunks: int) -> TextEmbedding:
    """The text in so many goes: (1, chunks x 77, width), and SDXL's pooled words, (1, width); both on the CPU."""
    import torch

    pipe = loaded.pipe
    large = getattr(pipe, "text_encoder_2", None) is not None
    with torch.inference_mode():
        found = [_encoded(loaded, pipe.tokenizer, pipe.text_encoder, text, chunks, penultimate=large)]
        pooled = torch.zeros(1, 0)
        if large:
            found.append(_encoded(loaded, pipe.tokenizer_2, pipe.text_encoder_2, text, chunks, penultimate=True))
            pooled = found[-1][1]
    return TextEmbedding(torch.cat([tokens for tokens, _ in found], dim=-1).cpu(), pooled.cpu())


def _encoded(
    loaded: Loaded, tokenizer: Any, encoder: Any, text: str, chunks: int, *, penultimate: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    import torch

    ids, weights = _chunked(tokenizer, _tokens(tokenizer, text, _learned(loaded.pipe)), chunks)
    said = encoder(torch.tensor(ids, device=loaded.device), output_hidden_states=True)
    skip = max(loaded.model.clip_skip, 2 if penultimate else 1)
    hidden = said.last_hidden_state if skip == 1 else said.hidden_states[-skip]
    if skip > 1 and not penultimate:
        hidden = _norm(encoder)(hidden)
    hidden = _weighted(hidden, torch.tensor(weights, device=hidden.device, dtype=hidden.dtype))
    pooled = said[0][:1] if hasattr(said, "text_embeds") else torch.zeros(1, 0)
    return hidden.reshape(1, -1, hidden.shape[-1]), pooled


def _weighted(hidden: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Each token as often as its weight, and the whole go as loud as before."""
    if bool((weights == 1).all()):
        return hidden
    before = hidden.mean(dim=(1, 2), keepdim=True)
    hidden = hidden * weights.unsqueeze(-1)
    after = hidden.mean(dim=(1, 2), keepdim=True)
    return hidden * (before / after).where(after.abs() > _LEAST_MEAN, before.new_ones(())).clamp(0.2, 5.0)


def _norm(encoder: Any) -> Any:
    return getattr(encoder, "text_model", encoder).final_layer_norm


def _tokens(tokenizer: Any, text: str, learned: Mapping[str, int]) -> Tokens:
    ids: list[int] = []
    weights: list[float] = []
    for words, weight in pieces(_with_learned(text, learned)):
        found = tokenizer(words, add_special_tokens=False, truncation=False).input_ids
        ids += found
        weights += [weight] * len(found)
    return ids, weights


def _chunked(tokenizer: Any, tokens: Tokens, chunks: int) -> tuple[list[list[int]], list[list[float]]]:
    """Goes of 77 with their own marks; those behind the last word are empty."""
    rows: list[list[int]] = []
    factors: list[list[float]] = []
    for at in range(0, chunks * CHUNK, CHUNK):
        ids, weights = tokens[0][at : at + CHUNK], tokens[1][at : at + CHUNK]
        padding = CHUNK - len(ids)
        rows.append([tokenizer.bos_token_id, *ids, tokenizer.eos_token_id, *[tokenizer.pad_token_id] * padding])
        factors.append([1.0, *weights, *[1.0] * (padding + 1)])
    return rows, factors


def _learned(pipe: Any) -> Mapping[str, int]:
    """The learned words (textual inversions) that were laid beside the vocabulary, and how many vectors each has."""
    words: Mapping[str, int] = getattr(pipe, "_likeness_words", {})
    return words


def _with_learned(text: str, learned: Mapping[str, int]) -> str:
    """The text with each learned word's name as the tokens it was learned as."""
    if not learned:
        return text
    by_name = {name.casefold(): count for name, count in learned.items()}
    return _NAME.sub(lambda found: _as_tokens(found[0], by_name.get(found[0].casefold(), 0)), text)


def _as_tokens(name: str, vectors: int) -> str:
    if not vectors:
        return name
    token = token_of(name)
    return " ".join(["", token, *(f"{token}_{at}" for at in range(1, vectors)), ""])


def token_of(name: str) -> str:
    """What stands for a learned word in the tokenizers: nobody types it by accident."""
    return f"<likeness-{name.casefold()}>"

"""What a model reads: words and reference pictures as embeddings, made once and kept.

Each text is encoded alone, so a picture does not depend on what shared its batch.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.backends.local.cache import LruCache
from engine.backends.local.inputs import picture_at
from engine.backends.local.loaded import Loaded
from engine.jobs.job import Reference

if TYPE_CHECKING:
    import torch

KEPT_BYTES = 256 * 2**20
T5_TOKENS = 256


class TextEmbedding(NamedTuple):
    """`tokens` is (1, tokens, width), `pooled` (1, width); both on the CPU."""

    tokens: torch.Tensor
    pooled: torch.Tensor


def _text_bytes(value: TextEmbedding) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in value)


def _tensor_bytes(value: torch.Tensor) -> int:
    return value.numel() * value.element_size()


class Embeddings:
    """The caches of all models. `texts.made` counts how often text encoders ran, `references.made` the rest."""

    def __init__(self) -> None:
        self.texts: LruCache[TextEmbedding] = LruCache(KEPT_BYTES, _text_bytes)
        self.references: LruCache[torch.Tensor] = LruCache(KEPT_BYTES // 4, _tensor_bytes)

    def text(self, loaded: Loaded, prompt: str, long_prompt: str = "") -> TextEmbedding:
        """The words as a Stable Diffusion 3 pipeline reads them; `long_prompt` is for T5 when it differs."""
        long_prompt = long_prompt or prompt
        key = (loaded.model.id, prompt, long_prompt, loaded.fine_tunes.reading)
        return self.texts.get(key, lambda: _encode_text(loaded, prompt, long_prompt))

    def reference(self, loaded: Loaded, reference: Reference) -> torch.Tensor:
        """The reference picture as the IP-Adapter reads it, (1, patches, width), on the CPU."""
        key = (loaded.model.id, reference.sha256)
        return self.references.get(key, lambda: _encode_reference(loaded, reference))

    def forget(self, pictures: Collection[str]) -> None:
        """Drops what was made from these pictures (sha256), and all words that were read."""
        for sha256 in pictures:
            self.forget_reference(sha256)
        self.texts.drop(lambda key: True)

    def forget_reference(self, sha256: str) -> None:
        """Drops what was made from a picture that is to be forgotten."""
        self.references.drop(lambda key: isinstance(key, tuple) and key[1] == sha256)


def _encode_text(loaded: Loaded, prompt: str, long_prompt: str) -> TextEmbedding:
    import torch

    with torch.inference_mode():
        tokens, _, pooled, _ = loaded.pipe.encode_prompt(
            prompt=prompt,
            prompt_2=prompt,
            prompt_3=long_prompt,
            device=loaded.device,
            do_classifier_free_guidance=False,
            max_sequence_length=T5_TOKENS,
        )
    return TextEmbedding(tokens.cpu(), pooled.cpu())


def _encode_reference(loaded: Loaded, reference: Reference) -> torch.Tensor:
    import torch

    with torch.inference_mode():
        embedding: Any = loaded.pipe.encode_image(picture_at(reference.path), loaded.device)
    encoded: torch.Tensor = embedding.cpu()
    return encoded

"""A memory limit for devices whose allocator never refuses: a CPU swaps or is killed instead."""

from __future__ import annotations

from typing import Any

TENSORS_A_LAYER = 16
"""About how many hidden states one transformer block holds at once: queries, keys, values, the wide middle of
the feed-forward part, and residuals, for pictures and words."""


def limit_batches(pipe: Any, limit_bytes: int) -> None:
    """Makes the denoiser refuse a batch that would take more than this beside its weights.

    It raises torch.OutOfMemoryError before the step, as a GPU's allocator does within it.
    """
    import torch

    denoiser = getattr(pipe, "transformer", None) or pipe.unet

    def refuse(module: Any, positional: Any, named: dict[str, Any]) -> None:
        latents: Any = positional[0] if positional else named.get("hidden_states", named.get("sample"))
        needed = step_bytes(module.config, latents)
        if needed > limit_bytes:
            raise torch.OutOfMemoryError(
                f"a step of {len(latents)} rows takes about {needed / 2**20:.1f} MiB, "
                f"and the limit is {limit_bytes / 2**20:.1f} MiB"
            )

    denoiser.register_forward_pre_hook(refuse, with_kwargs=True)


def step_bytes(config: Any, latents: Any) -> int:
    """About what one step of these latents takes beside the weights."""
    rows, tokens, element_bytes = _rows_and_tokens(config, latents)
    wide = getattr(config, "attention_head_dim", 64) * getattr(config, "num_attention_heads", 16)
    return int(rows * tokens * wide * element_bytes * TENSORS_A_LAYER)


def _rows_and_tokens(config: Any, latents: Any) -> tuple[int, int, int]:
    """Also the bytes of one number. Latents are a list of films, rows of tokens, or rows of cells."""
    if isinstance(latents, list):
        rows, first = len(latents), latents[0]
    else:
        rows, first = latents.shape[0], latents[0]
    if first.ndim == 2:
        return rows, first.shape[0], first.element_size()
    patch = getattr(config, "patch_size", 1) or 1
    height, width = first.shape[-2:]
    return rows, (height // patch) * (width // patch), first.element_size()

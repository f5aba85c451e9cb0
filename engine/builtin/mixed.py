"""Mixed precision where the processor multiplies bfloat16 itself (AMX or AVX-512 BF16); elsewhere nothing changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from torch.overrides import TorchFunctionMode


@lru_cache(maxsize=1)
def is_quick() -> bool:
    """Whether this processor multiplies bfloat16 at more than twice the speed of single precision."""
    can = torch.cpu.get_capabilities()
    return bool(can.get("amx_bf16") or can.get("avx512_bf16"))


class _Spelled(TorchFunctionMode):
    """Attention without a mask as its two products: the fused one's gradient takes six times as long in bfloat16."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[Any],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        said = kwargs or {}
        if func is scaled_dot_product_attention and not said.get("is_causal") and said.get("attn_mask") is None:
            return _attention(*args[:3])
        return func(*args, **said)


def _attention(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """(B, heads, tokens, width) of three such; laid out so that the heads can be viewed side by side."""
    scores = (query * query.shape[-1] ** -0.5) @ key.mT
    mixture: Tensor = scores.softmax(-1).to(value.dtype) @ value
    return mixture.transpose(1, 2).contiguous().transpose(1, 2)


@contextmanager
def mixed() -> Iterator[None]:
    """Matrix products and convolutions in bfloat16."""
    if not is_quick():
        yield
        return
    with torch.autocast("cpu", torch.bfloat16), _Spelled():
        yield

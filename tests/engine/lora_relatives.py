"""Random numbers for one module in the form of each of a LoRA's relatives, and what they make of its weight.

What they make of it is reckoned here anew, from the definitions in LyCORIS's and kohya's documentation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import torch

Tensors = dict[str, "torch.Tensor"]
Reference = Callable[["torch.Tensor", Tensors], "torch.Tensor"]
RANK: Final = 2
ALPHA: Final = 1.0


def loha(shape: tuple[int, ...]) -> Tensors:
    """LoHa without its own small kernel."""
    into = _numbers(*shape[1:]).numel()
    sides = {"hada_w1_a": (shape[0], RANK), "hada_w1_b": (RANK, into)}
    return _filled({**sides, "hada_w2_a": (shape[0], RANK), "hada_w2_b": (RANK, into)})


def loha_kernel(shape: tuple[int, ...]) -> Tensors:
    """LoHa of a convolution with a small kernel."""
    sides: dict[str, tuple[int, ...]] = {}
    for number in (1, 2):
        sides[f"hada_t{number}"] = (RANK, RANK, *shape[2:])
        sides |= {f"hada_w{number}_a": (RANK, shape[0]), f"hada_w{number}_b": (RANK, shape[1])}
    return _filled(sides)


def lokr(shape: tuple[int, ...]) -> Tensors:
    """LoKr whose larger factor is cut in two."""
    rest = _numbers(*shape[2:]).numel() if len(shape) > 2 else 1
    return _filled({"lokr_w1": (4, 2), "lokr_w2_a": (shape[0] // 4, RANK), "lokr_w2_b": (RANK, shape[1] // 2 * rest)})


def lokr_whole(shape: tuple[int, ...]) -> Tensors:
    """LoKr with whole factors, whose alpha says nothing."""
    return _filled({"lokr_w1": (2, 4), "lokr_w2": (shape[0] // 2, shape[1] // 4, *shape[2:])})


def oft(shape: tuple[int, ...]) -> Tensors:
    """OFT in blocks of four, bounded."""
    return {**_filled({"oft_blocks": (shape[0] // 4, 4, 4)}), "alpha": _numbers(1).abs()[0] * 0 + 0.01}


def boft(shape: tuple[int, ...]) -> Tensors:
    """BOFT of two goes, unbounded, with a value for each channel."""
    filled = _filled({"oft_blocks": (2, shape[0] // 4, 4, 4), "rescale": (shape[0], *(1 for _ in shape[1:]))})
    return {**filled, "alpha": _numbers(1)[0] * 0}


def dora(shape: tuple[int, ...]) -> Tensors:
    """A LoRA with magnitudes along what comes out, as LyCORIS writes it now."""
    return {**_lora(shape), "dora_scale": _numbers(shape[0], *(1 for _ in shape[1:])).abs() + 0.5}


def dora_into(shape: tuple[int, ...]) -> Tensors:
    """A LoRA with magnitudes along what goes in, as LyCORIS wrote it first."""
    return {**_lora(shape), "dora_scale": _numbers(1, shape[1], *(1 for _ in shape[2:])).abs() + 0.5}


def full(shape: tuple[int, ...]) -> Tensors:
    """The whole difference, and that of the bias."""
    return _filled({"diff": shape, "diff_b": shape[:1]}, alpha=False)


def middle(shape: tuple[int, ...]) -> Tensors:
    """A LoRA of a convolution with a small kernel between its halves."""
    halves = {"lora_down.weight": (RANK, shape[1], 1, 1), "lora_up.weight": (shape[0], RANK, 1, 1)}
    return _filled({**halves, "lora_mid.weight": (RANK, RANK, *shape[2:])})


def _lora(shape: tuple[int, ...]) -> Tensors:
    ones = tuple(1 for _ in shape[2:])
    return _filled({"lora_down.weight": (RANK, *shape[1:]), "lora_up.weight": (shape[0], RANK, *ones)})


def _filled(sides: Mapping[str, tuple[int, ...]], *, alpha: bool = True) -> Tensors:
    import torch

    return {
        **{name: _numbers(*side) for name, side in sides.items()},
        **({"alpha": torch.tensor(ALPHA)} if alpha else {}),
    }


def _numbers(*side: int) -> torch.Tensor:
    import torch

    return torch.randn(*side) * 0.3


def of_loha(weight: torch.Tensor, told: Tensors) -> torch.Tensor:
    """Two products of two, multiplied number by number."""
    import torch

    products = []
    for number in (1, 2):
        first, second = told[f"hada_w{number}_a"], told[f"hada_w{number}_b"]
        kernel = told.get(f"hada_t{number}")
        products.append(first @ second if kernel is None else torch.einsum("xykl,xo,yi->oikl", kernel, first, second))
    return weight + (products[0] * products[1]).reshape(weight.shape) * ALPHA / RANK


def of_lokr(weight: torch.Tensor, told: Mapping[str, Any]) -> torch.Tensor:
    """Every number of the small factor times the whole of the large one."""
    import torch

    small, large = told["lokr_w1"], told.get("lokr_w2")
    scale = 1.0 if large is not None else ALPHA / RANK
    large = told["lokr_w2_a"] @ told["lokr_w2_b"] if large is None else large
    rows = [
        torch.cat([number * large.flatten(1).unflatten(1, (-1, _rest(weight))) for number in row], 1) for row in small
    ]
    return weight + torch.cat(rows).reshape(weight.shape) * scale


def of_oft(weight: torch.Tensor, told: Tensors) -> torch.Tensor:
    """The rows turned in blocks."""
    turns = _turns(told["oft_blocks"], float(told["alpha"]) * weight.shape[0])
    turned: torch.Tensor = (_blocks(turns).T @ weight.flatten(1)).reshape(weight.shape)
    return turned


def of_boft(weight: torch.Tensor, told: Tensors) -> torch.Tensor:
    """Each go turns rows that are twice as far apart as before."""
    import torch

    rows = weight.flatten(1)
    for number, turns in enumerate(_turns(told["oft_blocks"], 0.0)):
        stride = 2 * 2**number
        order = torch.arange(len(rows)).reshape(-1, 2, stride).transpose(1, 2).flatten()
        turned = _blocks(turns) @ rows[order]
        rows = torch.empty_like(rows)
        rows[order] = turned
    return rows.reshape(weight.shape) * told["rescale"]


def of_dora(weight: torch.Tensor, told: Tensors) -> torch.Tensor:
    """The changed weight, brought to other lengths."""
    delta = told["lora_up.weight"].flatten(1) @ told["lora_down.weight"].flatten(1) * ALPHA / RANK
    changed = weight + delta.reshape(weight.shape)
    magnitude = told["dora_scale"]
    along = [side for side in range(weight.ndim) if magnitude.shape[side] == 1]
    return changed * magnitude / (changed**2).sum(along, keepdim=True).sqrt()


def of_middle(weight: torch.Tensor, told: Tensors) -> torch.Tensor:
    """What three convolutions after one another are as one."""
    import torch

    down, mid, up = (told[f"lora_{name}.weight"] for name in ("down", "mid", "up"))
    change = torch.zeros_like(weight)
    for out in range(RANK):
        for into in range(RANK):
            outer = up[:, out].flatten()[:, None] * down[into].flatten()[None]
            change += outer[:, :, None, None] * mid[out, into]
    return weight + change * ALPHA / RANK


def _blocks(turns: torch.Tensor) -> Any:
    import torch

    return torch.block_diag(*turns)  # type: ignore[no-untyped-call]


def _turns(blocks: torch.Tensor, bound: float) -> Any:
    import torch

    skew = blocks - blocks.transpose(-1, -2)
    skew = skew * min(1.0, bound / float(skew.norm())) if bound else skew
    one = torch.eye(4)
    return (one + skew) @ torch.linalg.inv(one - skew)


def _rest(weight: torch.Tensor) -> int:
    return weight[0, 0].numel()


KINDS: Final[Mapping[str, tuple[Callable[[tuple[int, ...]], Tensors], Reference]]] = {
    "LoHa": (loha, of_loha),
    "LoHa with a kernel": (loha_kernel, of_loha),
    "LoKr": (lokr, of_lokr),
    "LoKr whole": (lokr_whole, of_lokr),
    "OFT": (oft, of_oft),
    "BOFT": (boft, of_boft),
    "DoRA": (dora, of_dora),
    "DoRA along what goes in": (dora_into, of_dora),
    "the whole difference": (full, lambda weight, told: weight + told["diff"]),
    "a LoRA with a kernel": (middle, of_middle),
}

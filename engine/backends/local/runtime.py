"""Torch as the bot wants it: quiet, sharing the processor, on the right device, at the right precision."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.backends.local import devices
from engine.backends.local.memory_errors import is_out_of_memory
from engine.models.local_models import COMPRESSED
from engine.models.model import Precision
from engine.placement.graphics_card import Card
from engine.placement.sizes import GIB

if TYPE_CHECKING:
    import torch

ALLOCATOR = ("PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_ALLOC_CONF")
AS_THE_PROCESS = 0
BEHIND = 10
_BUILDING = threading.Lock()
FATAL_SIGNS = ("cuda error", "device-side assert", "hip error", "nccl error", "driver shutting down")


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSettings:
    """How the local backend uses this machine.

    `memory_gib` is what models and their pictures may take of the device (None: what it has, less a reserve), and
    `ram_gib` what models may take of the machine's memory beside a card (None: most of it). `card` is what to plan
    for (None: the one that is found); with one, a processor is placed on like a card.
    `batch_memory_mib` is what a batch may take beside the weights, for a device whose allocator never refuses
    (None: no limit). `threads` is how many processor threads a model uses (None: all). `niceness` is the priority of
    the thread that renders (None: that of the process with a card, whose work that thread hands out, and less on a
    processor, where it does the work itself). Previews come `preview_every_s` apart or more and take `preview_share` of
    the rendering time or less. `expandable` lets the allocator of an NVIDIA card grow its blocks, and
    `compiler` is what torch.compile works with.
    """

    device: str = "auto"
    memory_gib: float | None = None
    ram_gib: float | None = None
    card: Card | None = None
    batch_memory_mib: float | None = None
    threads: int | None = None
    niceness: int | None = None
    hang_s: float = 300.0
    load_hang_s: float = 3600.0
    preview_every_s: float = 1.0
    preview_share: float = 0.06
    expandable: bool = False
    compiler: str = "inductor"


def prepare(settings: LocalSettings) -> None:
    """Imports torch and its company and sets them up; called first thing on the worker thread."""
    # A waiting OpenMP thread that spins takes the core from the event loop; on a busy machine it made a step
    # ten times slower. It must be set before torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if settings.expandable:
        let_blocks_grow()
    import diffusers
    import torch
    import transformers
    from huggingface_hub.utils.tqdm import disable_progress_bars

    for logs in (diffusers.utils.logging, transformers.utils.logging):
        logs.set_verbosity_error()  # their warnings quote prompts
        logs.disable_progress_bar()
    disable_progress_bars()
    # Several fine-tunes beside one model is what we mean.
    warnings.filterwarnings("ignore", message="Already found a `peft_config`", category=UserWarning)
    if settings.threads is not None:
        torch.set_num_threads(settings.threads)


def let_blocks_grow() -> None:
    """Adds to how torch's allocator is set up for NVIDIA cards; read when torch first uses one.

    Under both of its names: the older is read where the newer is unknown. What the operator has set stays.
    """
    for name in ALLOCATOR:
        said = [one for one in os.environ.get(name, "").split(",") if one]
        if not any(one.strip().startswith("expandable_segments") for one in said):
            os.environ[name] = ",".join([*said, "expandable_segments:True"])


def niceness(settings: LocalSettings) -> int:
    """The priority of the thread that renders, before anything of torch is known."""
    if settings.niceness is not None:
        return settings.niceness
    return AS_THE_PROCESS if settings.card is not None or devices.expected() else BEHIND


def choose_device(settings: LocalSettings) -> torch.device:
    """The device of the settings; "auto" is the GPU where there is one."""
    import torch

    if settings.device != "auto":
        return torch.device(settings.device)
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


@contextmanager
def building(waits: Callable[[], None]) -> Iterator[None]:
    """Modules are made by one thread at a time: while transformers reads a model it changes how every module of the
    process is made, and another card's thread would get weights without data. `waits` is called before waiting.
    """
    if not _BUILDING.acquire(blocking=False):
        waits()
        _BUILDING.acquire()
    try:
        yield
    finally:
        _BUILDING.release()


def use(device: torch.device) -> None:
    """Makes this the card that the calling thread works on: kernels that are not torch's own ask for that."""
    import torch

    if device.type == "cuda" and device.index is not None and device.index < torch.cuda.device_count():
        torch.cuda.set_device(device)


def choose_dtype(precision: Precision, device: torch.device, card: Card | None = None) -> torch.dtype:
    """The number format of the weights; "auto" is float32 on a CPU, and on a card bfloat16 where it has that."""
    import torch

    if precision == "auto" or precision in COMPRESSED:  # what the denoiser's small weights are worked with
        half = torch.bfloat16 if card is None or card.bfloat16 else torch.float16
        return torch.float32 if device.type == "cpu" else half
    dtypes = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
    return dtypes[precision]


def choose_card(settings: LocalSettings, device: torch.device) -> Card | None:
    """The card that models are placed on; None for a processor, unless the settings say otherwise."""
    card = settings.card
    if card is None:
        ram = None if settings.ram_gib is None else int(settings.ram_gib * GIB)
        card = None if device.type == "cpu" else devices.found_card(ram, device.index or 0)
    if card is not None and settings.memory_gib is not None:
        card = replace(card, usable_bytes=int(settings.memory_gib * GIB))
    return card


def memory_budget_bytes(settings: LocalSettings) -> int:
    """What resident models may take together on a processor."""
    if settings.memory_gib is not None:
        return int(settings.memory_gib * GIB)
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


def free_unused(device: torch.device) -> None:
    """Gives memory that nothing refers to back to the device."""
    import gc

    import torch

    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()


def synchronise(device: torch.device) -> None:
    """Waits until the device has done all that it was given."""
    import torch

    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def no_kernel(error: BaseException) -> bool:
    """Whether torch was built for other cards: a new process would fail the same way."""
    return "no kernel image is available" in str(error).lower()


def is_fatal(error: BaseException) -> bool:
    """Whether the device is unusable for the rest of this process."""
    import torch

    if is_out_of_memory(error) or no_kernel(error):
        return False
    lost = getattr(torch, "AcceleratorError", None)
    if lost is not None and isinstance(error, lost):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error).lower() for sign in FATAL_SIGNS)

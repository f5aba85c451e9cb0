"""Memory that runs out: whoever says so and however, something gives way for that order alone, in a fixed order."""

import asyncio
import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.backends.local import runtime
from engine.backends.local.batches import NO_LIMIT, PATIENCE, BatchKind, BatchLimits
from engine.backends.local.memory_errors import is_out_of_memory
from engine.jobs.job import Finished, OutOfMemory
from engine.models.model import Offload
from engine.placement.plan import Placement
from tests.engine.backends.test_diffusers import Studio
from tests.engine.placement.test_placing import model_in, portrait, studio_of
from tests.engine.stage import job, jobs

OUT_OF_MEMORY: tuple[BaseException, ...] = (
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.25 GiB. GPU 0 has a total capacity of 11.65 GiB"),
    RuntimeError(
        "CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported at some other API call"
    ),
    torch.AcceleratorError("CUDA error: out of memory"),
    RuntimeError("CUDA driver error: out of memory"),
    RuntimeError("cudaErrorMemoryAllocation: out of memory"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    RuntimeError("CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`"),
    RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    RuntimeError("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED"),
    RuntimeError("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED"),
    RuntimeError("GET was unable to find an engine to execute this computation"),
    RuntimeError("cusolver error: CUSOLVER_STATUS_ALLOC_FAILED, when calling `cusolverDnCreate(handle)`"),
    RuntimeError("cuFFT error: CUFFT_ALLOC_FAILED"),
    RuntimeError(
        'NVML_SUCCESS == DriverAPI::get()->nvmlInit_v2_() INTERNAL ASSERT FAILED at "CUDACachingAllocator.cpp"'
    ),
    RuntimeError("HIP out of memory. Tried to allocate 20.00 MiB (GPU 0; 15.98 GiB total capacity)"),
    RuntimeError("HIP error: out of memory"),
    RuntimeError("hipErrorOutOfMemory"),
    RuntimeError("CUDA error: HIPBLAS_STATUS_ALLOC_FAILED when calling `hipblasCreate(handle)`"),
    RuntimeError("rocblas_status_memory_error"),
    RuntimeError("miopenStatusAllocFailed"),
    RuntimeError(
        "MPS backend out of memory (MPS allocated: 17.02 GB, other allocations: 6.8 MB, max allowed: 18.13 GB)"
    ),
    RuntimeError("Invalid buffer size: 24.00 GiB"),
    RuntimeError("XPU out of memory. Tried to allocate 2.00 GiB."),
    RuntimeError("level_zero backend failed with error: 39 (UR_RESULT_ERROR_OUT_OF_DEVICE_MEMORY)"),
    RuntimeError("Native API failed. Native API returns: 38 (UR_RESULT_ERROR_OUT_OF_HOST_MEMORY)"),
    RuntimeError("FATAL ERROR :: MODULE:PT_DEVMEM Allocation failed for size::1073741824 (1024)MB"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory: 12 bytes"),
    RuntimeError(
        "[enforce fail at alloc_cpu.cpp:80] data. DefaultCPUAllocator: not enough memory: you tried to allocate"
    ),
    RuntimeError("unable to mmap 9787 bytes from file <model.safetensors>: Cannot allocate memory (12)"),
    RuntimeError("std::bad_alloc"),
    MemoryError(),
    OSError(errno.ENOMEM, "Cannot allocate memory"),
)
OTHER: tuple[tuple[BaseException, bool], ...] = (
    (RuntimeError("CUDA error: device-side assert triggered"), True),
    (RuntimeError("CUDA error: an illegal memory access was encountered"), True),
    (torch.AcceleratorError("CUDA error: unspecified launch failure"), True),
    (RuntimeError("HIP error: invalid device function"), True),
    (RuntimeError("CUDA error: no kernel image is available for execution on the device"), False),
    (RuntimeError("The size of tensor a (77) must match the size of tensor b (64)"), False),
    (ValueError("a word that is out of memory"), False),
    (OSError(errno.ENOSPC, "No space left on device"), False),
    (KeyError("memory"), False),
)


@pytest.mark.parametrize("error", OUT_OF_MEMORY, ids=lambda error: str(error)[:48] or type(error).__name__)
def test_every_way_of_running_out_of_memory_is_known_and_leaves_the_device_usable(error: BaseException) -> None:
    assert is_out_of_memory(error)
    assert not runtime.is_fatal(error)


@pytest.mark.parametrize(("error", "fatal"), OTHER, ids=lambda value: str(value)[:48])
def test_other_errors_are_not_taken_for_it(error: BaseException, fatal: bool) -> None:
    assert not is_out_of_memory(error)
    assert runtime.is_fatal(error) == fatal


def test_it_is_known_behind_another_error() -> None:
    outer = RuntimeError("the autoencoder failed")
    outer.__cause__ = torch.OutOfMemoryError("CUDA out of memory.")
    assert is_out_of_memory(outer)


KIND = BatchKind("m", (32, 48))


def test_a_limit_grows_again_once_batches_have_worked_for_a_while() -> None:
    limits = BatchLimits()
    assert limits.largest(KIND) == NO_LIMIT
    limits.failed(KIND, 8)
    assert limits.largest(KIND) == 4
    for _ in range(PATIENCE):
        limits.worked(KIND, 4)
    assert limits.largest(KIND) == 5
    limits.failed(KIND, 5)
    assert limits.largest(KIND) == 4
    for _ in range(2 * PATIENCE - 1):
        limits.worked(KIND, 4)
    assert limits.largest(KIND) == 4
    limits.worked(KIND, 4)
    assert limits.largest(KIND) == 5


def test_smaller_batches_say_nothing_of_a_larger_one() -> None:
    limits = BatchLimits()
    limits.failed(KIND, 8)
    for _ in range(100):
        limits.worked(KIND, 2)
    assert limits.largest(KIND) == 4


def test_a_limit_holds_for_its_own_kind_alone() -> None:
    """Of one size, and of as many pictures that go in: four references must not halve plain portraits."""
    limits = BatchLimits()
    limits.failed(KIND._replace(pictures=4), 2)
    assert limits.largest(KIND) == NO_LIMIT
    assert limits.largest(KIND._replace(size=(64, 64))) == NO_LIMIT
    assert limits.largest(KIND._replace(pictures=4)) == 1


def test_what_was_reckoned_is_where_a_limit_begins() -> None:
    limits = BatchLimits()
    limits.plan(KIND, 3)
    assert limits.largest(KIND) == 3
    for _ in range(PATIENCE):
        limits.worked(KIND, 3)
    assert limits.largest(KIND) == 4


class Cramped:
    """A card on which a call fits only where `enough` says so; it notes where each call found the model."""

    def __init__(self, studio: Studio, enough: Callable[[Placement, int], bool], *, part: str = "transformer") -> None:
        self.seen: list[tuple[str, int]] = []
        self._enough = enough
        self._loaded = studio.loaded()
        module: Any = getattr(self._loaded.pipe, part)
        if part == "vae":
            module = module.decoder
        module.register_forward_pre_hook(self._refuse, with_kwargs=True)

    def _refuse(self, module: Any, positional: Any, named: dict[str, Any]) -> None:
        placement = self._loaded.placement
        assert placement is not None
        rows = len(positional[0] if positional else named["hidden_states"])
        if not self._enough(placement, rows):
            where = placement.offload + (", tiles" if placement.tiled else "")
            self.seen.append((where, rows))
            raise RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`")


@pytest.fixture
def tiny(tiny_checkpoint: Path) -> Path:
    return tiny_checkpoint


async def test_one_order_that_does_not_fit_goes_further_down_and_the_next_is_placed_as_planned(tiny: Path) -> None:
    async with studio_of(model_in(tiny)) as studio:
        usual = await portrait(studio, job("A0", 0, seed=5))
        wide = [False]
        cramped = Cramped(studio, lambda placement, rows: not wide[0] or placement.offload == "group")
        wide[0] = True
        await portrait(studio, job("A1", 1, width=64, height=64))
        assert [where for where, _ in cramped.seen] == ["none", "encoders", "model"]
        wide[0] = False
        again = await portrait(studio, job("A2", 2, seed=5))
        assert again.picture == usual.picture
        assert studio.loaded().placement == Placement("none")


async def test_a_smaller_batch_comes_before_a_lower_place(tiny: Path) -> None:
    async with studio_of(model_in(tiny)) as studio:
        await portrait(studio, job("A0", 0))
        cramped = Cramped(studio, lambda placement, rows: rows <= 4)  # guided: two rows a picture
        made = await studio.pictures(*jobs("B1 C1 D1 E1"))
        assert {one.batch for one in made} == {2}
        assert {where for where, _ in cramped.seen} == {"none"}


async def test_tiles_come_before_a_smaller_batch_where_the_picture_itself_does_not_fit(tiny: Path) -> None:
    async with studio_of(model_in(tiny)) as studio:
        await portrait(studio, job("A0", 0))
        cramped = Cramped(studio, lambda placement, rows: placement.tiled, part="vae")
        made = await studio.pictures(*jobs("B1 C1", previews=False))
        assert {one.batch for one in made} == {2}
        assert [where for where, _ in cramped.seen] == ["none"]


async def test_other_models_give_way_before_anything_else(tiny: Path) -> None:
    async with studio_of(model_in(tiny), model_in(tiny, "n")) as studio:
        await portrait(studio, job("A0", 0, model="n"))
        await portrait(studio, job("A1", 1))
        model_cache = studio.backend.model_cache
        assert model_cache is not None
        assert set(model_cache.resident) == {"m", "n"}
        cramped = Cramped(studio, lambda placement, rows: "n" not in model_cache.resident)
        await portrait(studio, job("A2", 2))
        assert [where for where, _ in cramped.seen] == ["none"]
        assert (model_cache.resident, model_cache.parked) == (("m",), ("n",))


@pytest.mark.parametrize("offload", ["auto", "group"])
async def test_what_fits_nowhere_is_refused_and_the_next_order_is_served(tiny: Path, offload: Offload) -> None:
    async with studio_of(model_in(tiny, offload=offload)) as studio:
        await portrait(studio, job("A0", 0))
        full = [True]
        cramped = Cramped(studio, lambda placement, rows: not full[0])
        with pytest.raises(OutOfMemory, match="smaller size or another model"):
            await portrait(studio, job("A1", 1))
        assert "sequential" not in {where for where, _ in cramped.seen}
        full[0] = False
        assert isinstance(await portrait(studio, job("A2", 2)), Finished)
        assert not studio.fatal.done()


async def test_a_batch_that_ran_out_of_memory_loses_nobody(tiny: Path) -> None:
    async with studio_of(model_in(tiny)) as studio:
        await portrait(studio, job("A0", 0))
        Cramped(studio, lambda placement, rows: rows <= 2)
        made = await asyncio.gather(*(portrait(studio, one) for one in jobs("B1 C1 D1 E1 F1")))
        assert {one.batch for one in made} == {1}
        assert studio.backend.max_batch(studio.engine.catalogue.get("m"), (32, 48)) == 1

"""How running out of memory reads, by whatever library finds it out first."""

from __future__ import annotations

import errno
from typing import Final

SIGNS: Final = (
    "out of memory",  # CUDA, HIP, XPU and MPS, their drivers and their allocators
    "out_of_memory",
    "outofmemory",  # hipErrorOutOfMemory
    "out_of_device_memory",
    "out_of_host_memory",
    "status_alloc_failed",  # cuBLAS, cuDNN, cuSOLVER, cuSPARSE, hipBLAS
    "cublas_status_not_initialized when calling `cublascreate",  # its workspace found no room
    "cufft_alloc_failed",
    "allocation_failed",  # cuDNN's own for the device and for the host
    "allocation failed",
    "unable to find an engine to execute this computation",  # cuDNN, once no workspace fits
    "nvml_success ==",  # torch asks the driver how full the card is, and that has no room either
    "rocblas_status_memory_error",
    "miopenstatusallocfailed",
    "invalid buffer size",  # MPS: a single tensor above what a buffer may be
    "cudaerrormemoryallocation",
    "can't allocate memory",  # torch's allocator on a processor
    "not enough memory",  # the same on Windows
    "cannot allocate memory",  # the operating system, when weights are mapped
    "std::bad_alloc",
    "failed to allocate",
)
"""Any of these in an error's text, in lower case."""
_CAUSES: Final = 8


def is_out_of_memory(error: BaseException) -> bool:
    """Whether this error, or one that it was raised from, says that memory ran out. The device is still usable."""
    import torch

    for one in _with_causes(error):
        if isinstance(one, MemoryError | torch.OutOfMemoryError):
            return True
        if isinstance(one, OSError) and one.errno == errno.ENOMEM:
            return True
        if isinstance(one, RuntimeError | OSError) and any(sign in str(one).lower() for sign in SIGNS):
            return True
    return False


def _with_causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    at: BaseException | None = error
    while at is not None and len(found) < _CAUSES:
        found.append(at)
        at = at.__cause__ or at.__context__
    return found

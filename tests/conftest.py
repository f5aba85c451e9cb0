"""What every room's tests share."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

# Progress bars and hub look-ups have no place in a test run; set before anything imports these libraries.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
# Torch threads that spin while they wait make a busy machine ten times slower.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


@pytest.fixture(autouse=True)
def same_log() -> Iterator[None]:
    """What a test sets up for the log ends with it: its streams are closed afterwards."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Stable Diffusion 3 folder with random weights that renders 32×48 pixels in milliseconds."""
    from tests.engine import tiny_models

    return tiny_models.make("tiny", tmp_path_factory.mktemp("models") / "tiny")

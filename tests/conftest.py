"""What every room's tests share."""

import logging
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

# Progress bars and hub look-ups have no place in a test run; set before anything imports these libraries.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
# Torch threads that spin while they wait make a busy machine ten times slower.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# A review takes a second of a core; tests that are about reviews ask for them.
os.environ.setdefault("REVIEW_SHOWN", "false")


LONG: Final = frozenset(
    {
        "test_demo_page.py", "test_demo_models.py", "test_ways.py", "test_fault_points.py", "test_evaluation.py",
        "test_photo_studio.py", "test_fitting.py", "test_photographs.py", "test_decoding.py",
        "test_hostile_providers.py",
    }
)  # fmt: skip
"""Files that take a minute. They begin first, or one of the processes that share the tests would end long alone."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name not in LONG)


@pytest.fixture(autouse=True)
def same_log() -> Iterator[None]:
    """What a test sets up for the log ends with it: its streams are closed afterwards."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(scope="session")
def lay_books(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], object]:
    """Puts an empty database of this version into a data folder.

    To apply every migration anew, each of which waits for the disk, would take longer than most tests do.
    """
    from data.core import schema
    from data.core.database import FILE_NAME

    empty = tmp_path_factory.mktemp("books") / FILE_NAME
    schema.prepare(empty)

    def lay(folder: Path) -> object:
        folder.mkdir(parents=True, exist_ok=True)
        return shutil.copyfile(empty, folder / FILE_NAME)

    return lay


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Stable Diffusion 3 folder with random weights that renders 32×48 pixels in milliseconds."""
    from tests.engine import tiny_models

    return tiny_models.make("tiny", tmp_path_factory.mktemp("models") / "tiny")

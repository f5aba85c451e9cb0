"""Models on a loopback hub, and where they are fetched to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.downloads.downloads import Downloads
from engine.downloads.hub import HubAccess
from engine.models.local_models import local_model
from engine.models.model import Model
from tests.standin.hub import HubModel, StandInHub, files_of

SOURCE = "somebody/portraits"


@contextmanager
def hub_of(checkpoint: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandInHub]:
    """A hub with this checkpoint, beside what nobody needs; the cache is empty, and nobody has a token."""
    from huggingface_hub import close_session, constants

    beside = {
        "README.md": b"words",
        "run.py": b"import os",
        "transformer/diffusion_pytorch_model.fp16.safetensors": b"f" * 5000,
        "transformer/diffusion_pytorch_model.bin": b"p" * 5000,
        "text_encoder/model.onnx": b"o" * 5000,
        "all_of_it.safetensors": b"a" * 5000,
    }
    hub = StandInHub({SOURCE: HubModel(files_of(checkpoint) | beside)})
    for name in ("HF_TOKEN", "HF_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(cache / "no-token"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub
        close_session()


def downloads(token: str = "", **more: object) -> Downloads:
    """Without a pause between tries: three that bring nothing are enough."""
    access = HubAccess(token=token, pauses_s=(0.0, 0.0, 0.0), **more)  # type: ignore[arg-type]
    return Downloads(access, tell_every_s=0.01)


def wanted(source: str = SOURCE, *options: str) -> Model:
    return local_model(";".join((f"{source}=Portraits", *options)))


def fetch(model: Model, by: Downloads | None = None, *, newest: bool = False) -> list[tuple[int, int]]:
    """What was told while a model was fetched."""
    told: list[tuple[int, int]] = []
    by = by or downloads()
    by.fetch_now(model, lambda done, total: told.append((done, total)), threading.Event(), newest=newest)
    return told

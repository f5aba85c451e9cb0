"""Weights from a hub: the real huggingface_hub against a hub on loopback, and the real pipeline on what came."""

import asyncio
import errno
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from safetensors import SafetensorError, safe_open

from engine.backends import Backend
from engine.backends.diffusers import DiffusersBackend
from engine.downloads.downloads import DownloadFailed, Downloads
from engine.downloads.hub import SAVED_LOGIN
from engine.downloads.hub_cache import HubCache, what_is_missing
from engine.downloads.needed import needed
from engine.downloads.weight_faults import NoPipeline, NoRoom, NotFetched, Spoilt, fault_of
from engine.jobs.job import Downloading, Event, Finished, JobCancelled, ModelUnavailable
from engine.models.catalogue import Catalogue
from engine.models.weights import folder_of
from engine.queue.engine import Engine
from tests.engine.downloads.hub_stage import SOURCE, downloads, fetch, hub_of, wanted
from tests.engine.stage import HandBackend, job, picture, tiny
from tests.standin.hub import LFS_FROM, TOKEN, HubModel, StandInHub

TRANSFORMER = "transformer/diffusion_pytorch_model.safetensors"


@pytest.fixture
def hub(tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandInHub]:
    with hub_of(tiny_checkpoint, tmp_path / "hub", monkeypatch) as hub:
        yield hub


def refused(by: Downloads | None = None, source: str = SOURCE) -> DownloadFailed:
    with pytest.raises(DownloadFailed) as failed:
        fetch(wanted(source), by)
    return failed.value


def test_exactly_what_loading_needs_is_fetched_once_and_kept_at_its_commit(
    hub: StandInHub, tiny_checkpoint: Path
) -> None:
    told = fetch(wanted())
    folder = folder_of(SOURCE)
    assert folder is not None
    expected = {str(path.relative_to(tiny_checkpoint)) for path in tiny_checkpoint.rglob("*") if path.is_file()}
    assert {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} == expected
    contents = {hub.models[SOURCE].files[name] for name in expected}
    times = Counter(hub.models[SOURCE].files[name] for name in hub.fetched())
    assert set(times) == contents
    assert all(times[content] == 1 for content in contents if len(content) >= LFS_FROM)
    assert told[-1][0] == told[-1][1] == sum(map(len, contents))
    assert not what_is_missing(folder, wanted())

    asked, files = len(hub.asked), len(hub.fetched())
    newer = hub.models[SOURCE] = replace(hub.models[SOURCE], commit="f" * 40)
    fetch(wanted())
    assert len(hub.asked) == asked  # nobody is asked about what is there
    assert folder_of(SOURCE) == folder
    fetch(wanted(), newest=True)
    moved = folder_of(SOURCE)
    assert moved is not None
    assert moved.name == newer.commit
    assert hub.fetched()[files:] == ["model_index.json"]  # the rest is the same


def test_the_hubs_own_tools_and_these_find_each_others_files(hub: StandInHub, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants, hf_hub_download, snapshot_download

    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    where: dict[str, Any] = {"cache_dir": HubCache(wanted()).folder.parent, "endpoint": hub.url}
    snapshot = snapshot_download(SOURCE, **where)
    asked = len(hub.asked)
    fetch(wanted())
    assert len(hub.asked) == asked
    refs = HubCache(wanted()).folder / "refs"
    (refs / "main").write_text("b" * 40)  # other tools move on
    assert str(folder_of(SOURCE)) == snapshot

    other = "somebody/else"
    hub.models[other] = hub.models[SOURCE]
    fetch(wanted(other))
    commit = hub.models[other].commit
    found = hf_hub_download(other, TRANSFORMER, revision=commit, local_files_only=True, **where)
    assert Path(found).read_bytes() == hub.models[other].files[TRANSFORMER]


def test_a_download_that_is_cut_off_goes_on_from_there_also_after_a_new_start(hub: StandInHub) -> None:
    size = len(hub.models[SOURCE].files[TRANSFORMER])
    hub.cut[TRANSFORMER] = [1000, 500, 0, 0, 0]
    assert "cannot be reached" in refused().reason
    assert HubCache(wanted()).how_far().done >= 1500
    assert folder_of(SOURCE) is None  # nothing is loaded from half of it
    told = fetch(wanted())
    starts = [start for name, start in hub.asked if name == TRANSFORMER]
    assert starts[:3] == [0, 1000, 1500]
    assert starts[-1] == 1500
    assert told[0][0] >= 1500
    folder = folder_of(SOURCE)
    assert folder is not None
    assert (folder / TRANSFORMER).stat().st_size == size
    assert (folder / TRANSFORMER).read_bytes() == hub.models[SOURCE].files[TRANSFORMER]


def test_a_hub_that_takes_no_ranges_and_content_that_was_spoilt_on_its_way(hub: StandInHub) -> None:
    hub.takes_ranges = False
    hub.cut[TRANSFORMER] = [1000]
    hub.changed[TRANSFORMER] = 2  # the one that is cut off, and the next
    fetch(wanted())
    folder = folder_of(SOURCE)
    assert folder is not None
    assert (folder / TRANSFORMER).read_bytes() == hub.models[SOURCE].files[TRANSFORMER]
    files = {**hub.models[SOURCE].files, TRANSFORMER: b"x" * 4000}
    hub.models[SOURCE] = replace(hub.models[SOURCE], commit="e" * 40, files=files)
    hub.changed[TRANSFORMER] = 9
    with pytest.raises(DownloadFailed, match="damaged"):
        fetch(wanted(), newest=True)
    assert folder_of(SOURCE) == folder  # the earlier commit can still be loaded


def test_what_a_hub_refuses_is_a_sentence_with_what_to_do(
    hub: StandInHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = f"https://huggingface.co/{SOURCE}"
    hub.models[SOURCE] = replace(hub.models[SOURCE], gated=True)
    nobody = refused()
    assert "licence has to be accepted" in nobody.reason
    assert page in nobody.remedy
    assert "MODEL_HUB_TOKEN" in nobody.remedy
    not_yet = refused(downloads(TOKEN))
    assert "licence has to be accepted" in not_yet.reason
    assert "the token's owner (MODEL_HUB_TOKEN)" in not_yet.remedy
    wrong = refused(downloads("hf_wrong"))
    assert "does not accept the studio's token" in wrong.reason
    assert "hf_wrong" not in wrong.reason + wrong.remedy + repr(downloads("hf_wrong").access)
    assert "no model of this name" in refused(source="somebody/gone").reason
    assert "no model of this name" in refused(downloads(TOKEN), "somebody/gone").reason
    hub.models["somebody/lora"] = HubModel({"lora.safetensors": b"x" * 2000})
    assert "no whole model" in refused(source="somebody/lora").reason
    hub.models["somebody/open"] = replace(hub.models[SOURCE], gated=False)
    full = refused(downloads(keep_free_bytes=2**62), "somebody/open")
    assert "too full" in full.reason
    assert "HF_HOME" in full.remedy
    hub.models["somebody/sly"] = replace(hub.models["somebody/open"], commit="../../../elsewhere")
    assert "damaged" in refused(source="somebody/sly").reason
    hub.status = 503
    assert "answered 503" in refused().reason
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert "cannot be reached" in refused().reason
    assert not [name for name in hub.fetched() if name != "model_index.json"]  # nothing was begun
    hub.status = 0
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    saved = tmp_path / "token"
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(saved))
    assert downloads().access.token_from == ""
    saved.write_text(TOKEN)
    assert downloads().access.token_from == SAVED_LOGIN
    assert f"the token's owner ({SAVED_LOGIN})" in refused().remedy
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    assert "HF_TOKEN is wrong or expired" in refused().remedy
    monkeypatch.setenv("HF_TOKEN", TOKEN)  # it is found without MODEL_HUB_TOKEN too
    assert downloads().access.token_from == "HF_TOKEN"
    hub.models[SOURCE] = replace(hub.models[SOURCE], accepted=True)
    fetch(wanted())
    assert folder_of(SOURCE)
    assert not hub.leaked


def errors() -> list[tuple[BaseException, str]]:
    """Real errors, raised by whoever raises them, each with a part of its sentence."""
    import diffusers
    import httpx2
    from huggingface_hub import errors

    def raised(what: Callable[[], object]) -> BaseException:
        try:
            what()
        except Exception as error:  # noqa: BLE001 - whatever it is
            return error
        raise AssertionError

    def answer(status: int) -> httpx2.Response:
        return httpx2.Response(status, request=httpx2.Request("GET", "https://huggingface.co/a/b"))

    nested = raised(lambda: Path("/nowhere/at/all").read_bytes())
    nested.__cause__ = errors.OfflineModeIsEnabled("offline")
    return [
        (errors.GatedRepoError("403", response=answer(403)), f"https://huggingface.co/{SOURCE}"),
        (errors.RepositoryNotFoundError("404", response=answer(404)), "no model of this name"),
        (errors.RevisionNotFoundError("404", response=answer(404)), "fetch --newest"),
        (errors.HfHubHTTPError("401", response=answer(401)), "does not accept the studio's token"),
        (errors.HfHubHTTPError("403", response=answer(403)), "may not read this model"),
        (errors.HfHubHTTPError("429", response=answer(429)), "no more requests"),
        (errors.HfHubHTTPError("500", response=answer(500)), "answered 500"),
        (errors.OfflineModeIsEnabled("offline"), "HF_HUB_OFFLINE"),
        (errors.LocalEntryNotFoundError("not cached"), "cannot be reached"),
        (httpx2.ConnectError("no route"), "cannot be reached"),
        (httpx2.ReadTimeout("slow"), "cannot be reached"),
        (nested, "cannot be reached"),
        (OSError(errno.ENOSPC, "No space left on device"), "too full"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "too full"),
        (NoRoom(16_400_000_000, 3_000_000_000, "/disk"), "16.4 GB more and /disk has 3.0 GB free"),
        (PermissionError(errno.EACCES, "Permission denied", "/hub"), "folder of /hub"),
        (raised(lambda: __import__("not_installed_here")), "pip install not_installed_here"),
        (
            ImportError("Qwen2VLProcessor requires the Torchvision library but it was not found"),
            "pip install torchvision of",
        ),
        (raised(lambda: diffusers.NoSuchPipeline), "another kind of pipeline"),
        (ValueError("Pipeline expected {'a', 'b'}, but only {'a'} were passed"), "another kind of pipeline"),
        (raised(lambda: safe_open(__file__, framework="np")), "damaged"),
        (raised(lambda: json.loads("{")), "damaged"),
        (OSError("Error no file named diffusion_pytorch_model.safetensors found in directory"), "not safetensors"),
        (Spoilt("model.safetensors"), "damaged"),
        (NotFetched(), "python -m bot fetch"),
        (NoPipeline(), "no model_index.json"),
    ]


def test_every_error_has_its_sentence_that_says_what_to_do() -> None:
    found = [(fault_of(error, SOURCE), error, part) for error, part in errors()]
    assert [(str(fault), part) for fault, _, part in found if part not in str(fault)] == []
    assert any(isinstance(error, SafetensorError) for _, error, _ in found)
    assert all(fault and fault.remedy.endswith(".") and not fault.reason.endswith(".") for fault, _, _ in found)
    assert fault_of(RuntimeError("something else"), SOURCE) is None


def test_only_weights_that_are_loaded_are_needed() -> None:
    index = {
        "_class_name": "StableDiffusionXLPipeline",
        "unet": ["diffusers", "UNet2DConditionModel"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "text_encoder_2": ["transformers", "CLIPTextModelWithProjection"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "image_encoder": [None, None],
        "../etc": ["diffusers", "x"],
        "force_zeros_for_empty_prompt": True,
    }
    unet = ("config.json", "diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.fp16.safetensors")
    shards = (
        "diffusion_pytorch_model-00001-of-00002.safetensors",
        "diffusion_pytorch_model-00002-of-00002.safetensors",
    )
    names = ["model_index.json", "sd_xl_base_1.0.safetensors", "image_encoder/model.safetensors", "vae_1_0/config.json"]
    names += [f"unet/{name}" for name in (*unet, "model.onnx", "model.onnx_data", "openvino_model.bin")]
    names += [f"text_encoder/{name}" for name in ("config.json", "model.safetensors", "pytorch_model.bin", "code.py")]
    names += ["text_encoder/model-00001-of-00002.safetensors", "tokenizer/vocab.json", "tokenizer/merges.txt"]
    names += ["text_encoder_2/model.safetensors.index.json", "text_encoder_2/model.safetensors.index.fp16.json"]
    names += ["text_encoder_2/model-00001-of-00001.safetensors"]
    found = needed(names, index)
    assert found == [
        "model_index.json",
        "text_encoder/config.json",
        "text_encoder/model.safetensors",
        "text_encoder_2/model-00001-of-00001.safetensors",
        "text_encoder_2/model.safetensors.index.json",
        "tokenizer/merges.txt",
        "tokenizer/vocab.json",
        "unet/config.json",
        "unet/diffusion_pytorch_model.safetensors",
    ]
    in_shards = needed([*names, *(f"unet/{name}" for name in shards)], index)
    assert [name for name in in_shards if name.startswith("unet/d")] == [f"unet/{name}" for name in shards]
    assert "unet/config.json" in needed(names, index, without=("unet",))
    assert not [name for name in needed(names, index, without=("unet",)) if name.startswith("unet/d")]


class Studio:
    """An engine with the model of the hub as `hub`, and the tiny checkpoint as `m`."""

    def __init__(self, checkpoint: Path, backend: Callable[[Catalogue], Backend]) -> None:
        catalogue = tiny(checkpoint, f"{SOURCE}=hub")
        self.engine = Engine(catalogue, {"local": lambda: backend(catalogue)}, weights=downloads())

    def order(self, name: str, arrival: int) -> tuple[list[Event], asyncio.Task[list[Event]]]:
        """What a job of the hub's model is told so far, and all of it at its end."""
        seen: list[Event] = []

        async def followed() -> list[Event]:
            async for event in self.engine.submit(job(name, arrival, model="hub")):
                seen.append(event)  # noqa: PERF401 - it is read meanwhile
            return seen

        return seen, asyncio.create_task(followed())


@pytest.fixture
def hand() -> HandBackend:
    return HandBackend()


@pytest.fixture
async def studio(hub: StandInHub, tiny_checkpoint: Path, hand: HandBackend) -> AsyncIterator[Studio]:
    studio = Studio(tiny_checkpoint, lambda _: hand)
    hub.held = {TRANSFORMER}
    yield studio
    hub.let_go()
    await studio.engine.stop(5.0)


async def until(holds: Callable[[], bool]) -> None:
    """Waits for what happens on the hub's thread."""
    while not holds():  # noqa: ASYNC110 - nobody tells of it
        await asyncio.sleep(0.005)


def far(seen: list[Event]) -> list[Downloading]:
    return [event for event in seen if isinstance(event, Downloading)]


async def test_anothers_order_is_delivered_while_a_model_comes_slowly(hub: StandInHub, tiny_checkpoint: Path) -> None:
    studio = Studio(tiny_checkpoint, DiffusersBackend)
    hub.held = {TRANSFORMER}
    seen, ordered = studio.order("A1", 0)
    await until(lambda: hub.is_waiting() and bool(far(seen)) and far(seen)[-1].done > 0)
    other = await picture(studio.engine, job("B1", 1))
    assert other.picture
    assert not ordered.done()
    assert [(entry.job.id, entry.state) for entry in studio.engine.waiting()] == [("A1", "downloading")]
    _, late = studio.order("A2", 2)
    hub.let_go()
    events = await ordered
    assert isinstance(events[-1], Finished)
    assert isinstance((await late)[-1], Finished)
    assert far(events)[-1].done <= far(events)[-1].total
    assert far(events)[-1].model == "hub"
    assert hub.fetched().count(TRANSFORMER) == 1
    await studio.engine.stop(5.0)


async def test_who_waits_for_a_download_is_cancelled_at_once_and_the_last_one_ends_it(
    hub: StandInHub, studio: Studio, hand: HandBackend
) -> None:
    (_, first), (seen, second) = studio.order("A1", 0), studio.order("B1", 1)
    await until(lambda: hub.is_waiting() and bool(far(seen)))
    assert studio.engine.cancel("A1")
    with pytest.raises(JobCancelled):
        await first
    assert [entry.job.id for entry in studio.engine.waiting()] == ["B1"]
    assert studio.engine.cancel("B1")
    with pytest.raises(JobCancelled):
        await second
    assert studio.engine.waiting() == ()
    hub.let_go()
    await until(lambda: not any(task.get_name().startswith("download") for task in asyncio.all_tasks()))
    _, again = studio.order("B2", 2)
    await until(lambda: bool(hand.started))
    await hand.finish()
    assert isinstance((await again)[-1], Finished)


async def test_what_cannot_be_downloaded_ends_every_order_that_waits_for_it(hub: StandInHub, studio: Studio) -> None:
    hub.models[SOURCE] = HubModel({}, gated=True)
    orders = [studio.order(name, at)[1] for at, name in enumerate(("A1", "B1"))]
    for ended in await asyncio.gather(*orders, return_exceptions=True):
        assert isinstance(ended, ModelUnavailable)
        assert "licence has to be accepted first by whoever runs this bot" in str(ended)
    assert studio.engine.waiting() == ()


async def test_an_engine_that_stops_leaves_a_download_where_it_is(hub: StandInHub, studio: Studio) -> None:
    seen, ordered = studio.order("A1", 0)
    await until(lambda: hub.is_waiting() and bool(far(seen)))
    await studio.engine.stop(5.0)
    assert isinstance((await asyncio.gather(ordered, return_exceptions=True))[0], Exception)

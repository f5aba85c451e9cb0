"""Weights that come from a hub, as members and the operator see them; and cards that torch cannot use."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.__main__ import main
from bot.core.engine_setup import make_catalogue
from bot.core.errors import SettingsError
from bot.core.settings import Settings, hub_variables
from bot.operations import card_check, doctor
from bot.operations.local_page import LiveEnv
from bot.operations.weights_check import of_a_file
from engine.downloads.hub_cache import HubCache
from engine.models.weights import folder_of
from tests.bot.conftest import World, make_bot, make_world
from tests.bot.reading import fields, said
from tests.engine.downloads.hub_stage import SOURCE, hub_of, wanted
from tests.engine.downloads.test_downloads import TRANSFORMER, until
from tests.engine.one_file import save, sd15
from tests.engine.tiny_models import entry, models_file
from tests.standin.hub import TOKEN, StandInHub


@pytest.fixture
def hub(tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandInHub]:
    with hub_of(tiny_checkpoint, tmp_path / "hub", monkeypatch) as hub:
        yield hub


@pytest.fixture
def settings(settings: Settings, hub: StandInHub, tmp_path: Path) -> Settings:
    table = models_file(tmp_path, entry(Path(SOURCE), "portraits", pipeline="StableDiffusion3Pipeline"))
    return settings.model_copy(update={"model_file": table, "model_default": "portraits"})


def lines(settings: Settings) -> list[str]:
    """What doctor says of weights and packages, each with its mark."""
    found = doctor.examine(settings)
    return [f"{one.mark} {one.text}" for one in found if one.text.startswith(("Weights", "Packages"))]


def test_doctor_tells_how_far_weights_are_without_loading_them(settings: Settings, hub: StandInHub) -> None:
    (line,) = lines(settings)
    assert line.startswith("note Weights of portraits: 0.0 of 0.0 GB are here")
    assert "python -m bot fetch portraits" in line
    hub.models[SOURCE] = replace(hub.models[SOURCE], gated=True)
    (line,) = lines(settings)
    assert line.startswith("bad ")
    assert f"https://huggingface.co/{SOURCE}" in line
    (line,) = lines(settings.model_copy(update={"model_hub_token": SecretStr("hf_wrong")}))
    assert "does not accept the studio's token" in line
    assert "hf_wrong" not in line
    hub.models[SOURCE] = replace(hub.models[SOURCE], gated=False)
    (line,) = lines(settings.model_copy(update={"data_free_mib": 2**42}))
    assert line.startswith("bad ")
    assert "too full" in line
    assert not [name for name in hub.fetched() if name != "model_index.json"]


def test_doctor_names_what_is_damaged_and_what_is_not_installed(
    settings: Settings, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    table = [
        entry(tiny_checkpoint, "whole"),
        entry(tiny_checkpoint, "packed", precision="nf4"),
        entry(tmp_path / "nowhere", "gone"),
        entry(cut_off(tiny_checkpoint, tmp_path / "cut"), "cut"),
        entry(Path("Qwen/Qwen-Image-Edit-2511"), "editor"),
    ]
    many = settings.model_copy(update={"model_file": models_file(tmp_path, *table), "model_default": "whole"})
    told = {line.split(":")[0]: line for line in lines(many)}
    assert told["good Weights of whole"].endswith("GB.")
    assert "bitsandbytes" in told["bad Packages of packed"]
    assert "no folder" in told["bad Weights of gone"]
    assert "of its part transformer" in told["bad Weights of cut"]
    assert "cannot be used" in told["bad Weights of cut"]
    assert "torchvision of the version that fits" in told["bad Packages of editor"]
    assert "no model of this name" in told["bad Weights of editor"]


def test_doctor_looks_into_checkpoints_of_one_file(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "checkpoints"
    file = save(folder / "portraits.safetensors", sd15())
    (folder / "cut.safetensors").write_bytes(file.read_bytes()[:-100])
    told = settings.model_copy(update={"model_file": "", "model_default": "portraits", "model_folder": str(folder)})
    (line,) = lines(told)
    assert line.startswith("good Weights of portraits: there and whole, one file of SD 1.5, ")
    found = [one.text for one in doctor.examine(told)]
    assert any("cut.safetensors is not offered" in text for text in found)
    assert any(text.startswith("Device:") for text in found)
    (model,) = (model for model in make_catalogue(told).models if model.id == "portraits")
    assert (
        "autoencoder (vae=) /nowhere/v.safetensors cannot be read (No such file"
        in of_a_file(replace(model, vae="/nowhere/v.safetensors")).text
    )
    for content, why in ((file.read_bytes()[:-100], "cut off"), (b"no header", "cannot be read as safetensors")):
        file.write_bytes(content)
        finding = of_a_file(model)
        assert (finding.mark, why in finding.text) == ("bad", True), finding.text


def cut_off(checkpoint: Path, folder: Path) -> Path:
    """The checkpoint with its transformer cut off in the middle."""
    for file in checkpoint.rglob("*"):
        place = folder / file.relative_to(checkpoint)
        if file.is_file():
            place.parent.mkdir(parents=True, exist_ok=True)
            content = file.read_bytes()
            place.write_bytes(content[: len(content) // 2] if TRANSFORMER in str(place) else content)
    return folder


def test_models_are_fetched_from_the_command_line_and_listed(
    settings: Settings,
    hub: StandInHub,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MODEL_FILE", settings.model_file)
    monkeypatch.setenv("DATA_FREE_MIB", "0")
    assert main(["fetch"]) == 0
    assert f"portraits: {SOURCE}, not downloaded" in capsys.readouterr().out
    hub.models[SOURCE] = replace(hub.models[SOURCE], gated=True)
    assert main(["fetch", "portraits"]) == 1
    assert "accept the licence" in capsys.readouterr().err
    hub.models[SOURCE] = replace(hub.models[SOURCE], accepted=True)
    (tmp_path / ".env").write_text(f"MODEL_HUB_TOKEN={TOKEN}\n")
    assert main(["fetch", SOURCE]) == 0
    assert f"commit {hub.models[SOURCE].commit[:7]}" in capsys.readouterr().out
    assert folder_of(SOURCE)
    assert main(["fetch"]) == 0
    assert "commit" in capsys.readouterr().out
    assert main(["fetch", "misspelt"]) == 2
    assert "No local model is called misspelt" in capsys.readouterr().err


def test_what_env_says_to_the_hubs_library_reaches_it(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("HF_TOKEN=hf_1\nHF_HOME=/disk\nHF_HUB_OFFLINE=\nDISCORD_TOKEN=secret\n")
    assert hub_variables(file) == {"HF_TOKEN": "hf_1", "HF_HOME": "/disk"}
    assert hub_variables(tmp_path / "none") == {}


@pytest.fixture
async def live(settings: Settings, hub: StandInHub) -> AsyncIterator[World]:
    """A Discord whose actions return while the bot still works; the hub holds the transformer back."""
    hub.held = {TRANSFORMER}
    env = LiveEnv(await make_bot(settings))
    await env.start()
    world = make_world(env, settings)
    env.live = True
    yield world
    env.live = False
    hub.let_go()
    await env.bot.close()
    await env.shutdown()


async def test_who_waits_for_a_download_reads_how_far_it_is_and_cancels_at_once(live: World, hub: StandInHub) -> None:
    before = await live.balance(live.sam)
    message = await live.portrait(live.sam)
    await until(lambda: hub.is_waiting() and "Downloading" in fields(live.channel.last_message).get("Now", ""))
    assert "GB (once; others go on meanwhile)" in fields(live.channel.last_message)["Now"]
    assert "waiting for its model, which is being downloaded" in said(await live.sam.slash(live.channel, "queue"))
    assert "credits are back" in said(await live.sam.click(message, label="Cancel"))
    assert await live.balance(live.sam) == before
    assert live.bot.engine.waiting() == ()
    assert HubCache(wanted()).how_far().done > 0  # it goes on from there for the next


def test_a_card_that_torch_cannot_use_refuses_the_start(settings: Settings) -> None:
    with pytest.raises(SettingsError, match=r"whl/cu126.*CUDA_VISIBLE_DEVICES=-1"):
        card_check.refuse_unusable_card(settings, lambda: "Tesla P40 is too old: pip install … whl/cu126")
    card_check.refuse_unusable_card(settings, lambda: "")
    card_check.refuse_unusable_card(settings.model_copy(update={"model_file": ""}), lambda: "an old card")
    card_check.refuse_unusable_card(settings)  # this machine's own


STAND_IN_TORCH = """
class version: cuda, hip = "13.0", None
class cuda:
    is_available = staticmethod(lambda: True)
    device_count = staticmethod(lambda: 1)
    get_device_name = staticmethod(lambda at: "Tesla P40")
    get_device_capability = staticmethod(lambda at: (6, 1))
    get_arch_list = staticmethod(lambda: ["sm_75", "sm_120"])
"""


def test_the_process_that_asks_torch_tells_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "torch.py").write_text(STAND_IN_TORCH)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    told = card_check.asked_of_torch()
    assert "Tesla P40 has compute capability 6.1" in told
    assert "whl/cu126" in told
    (tmp_path / "torch.py").write_text("import nothing_of_this_name")
    assert card_check.asked_of_torch() == ""

"""For the one who runs it: the doctor's lines, backups while the bot runs, and getting one back."""

import asyncio
import importlib.util
import platform
import sqlite3
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot import __main__ as main
from bot.core.engine_setup import local_settings_by_card
from bot.core.settings import ModelPrice, Settings
from bot.operations import doctor
from bot.operations.diagnosis import Diagnosis
from data.core.database import FILE_NAME, Database
from data.credits import ledger
from data.upkeep.backup import back_up, restore
from engine.backends.local import devices
from engine.placement.graphics_card import Card, card_of
from engine.placement.sizes import GIB
from tests.bot.conftest import World, make_bot
from tests.bot.reading import answer, fields, said
from tests.standin import Options, Permission, StandIn

NOWHERE = "http://127.0.0.1:9/api/v10"


def found(settings: Settings, about: str) -> Diagnosis:
    """The first line about something."""
    return next(line for line in doctor.examine(settings) if line.text.startswith(about))


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"discord_token": SecretStr("secret"), "discord_api_url": NOWHERE})


async def test_a_good_token_and_a_wrong_one(settings: Settings) -> None:
    async with StandIn(Options()) as standin:
        standin.add_guild("Home")
        standin.add_guild("Elsewhere").everyone.permissions &= ~Permission.ATTACH_FILES
        there = settings.model_copy(update={"discord_api_url": standin.api_url})
        wrong = await asyncio.to_thread(found, there, "Token")
        known = there.model_copy(update={"discord_token": SecretStr(standin.token)})
        good = await asyncio.to_thread(found, known, "Token")
        server = await asyncio.to_thread(found, known, "Servers")
    assert (wrong.mark, good.mark) == ("bad", "good")
    assert "Reset Token" in wrong.text
    assert "in Elsewhere the bot lacks Attach Files. Give its role that" in server.text
    assert "permissions=274878024704" in server.text


@pytest.mark.parametrize(
    ("changes", "mark", "sentence"),
    [
        ({"discord_token": SecretStr("")}, "bad", "`python -m bot setup` asks for it"),
        ({}, "note", "could not be reached"),
        ({"discord_api_url": "ftp://discord"}, "bad", "no web address"),
    ],
)
def test_tokens_that_cannot_be_tried(settings: Settings, changes: dict[str, object], mark: str, sentence: str) -> None:
    line = found(settings.model_copy(update=changes), "Token")
    assert line.mark == mark
    assert sentence in line.text
    assert "secret" not in line.text


def test_a_fresh_folder_is_fine(settings: Settings) -> None:
    assert found(settings, "Data folder").mark == "good"
    assert "first start makes it" in found(settings, "Database").text
    assert not (settings.data_folder / FILE_NAME).exists()


def test_a_folder_that_cannot_be_made(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    line = found(settings.model_copy(update={"data_folder": tmp_path / "file"}), "Data folder")
    assert line.mark == "bad"
    assert "DATA_FOLDER" in line.text


def test_a_folder_that_others_may_look_into_is_named_and_left_to_the_start(settings: Settings) -> None:
    settings.data_folder.mkdir()
    settings.data_folder.chmod(0o755)
    lines = [line for line in doctor.examine(settings) if "other users" in line.text]
    assert [line.mark for line in lines] == ["note"]
    assert "chmod -R go=" in lines[0].text


def test_a_fresh_folder_is_for_its_user_alone(settings: Settings) -> None:
    assert not any("other users" in line.text for line in doctor.examine(settings))
    assert settings.data_folder.stat().st_mode & 0o777 == 0o700


def test_what_is_missing_is_installed_from_the_checkout(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """`likeness` on PyPI is somebody else's."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    lines = (doctor._studio(), doctor._faces(), *doctor._device(settings))
    told = [line.text for line in lines if "install it" in line.text.lower()]
    assert len(told) == 3
    assert all('.venv/bin/pip install -e ".[' in text for text in told)


def test_a_damaged_database_is_named(settings: Settings) -> None:
    settings.data_folder.mkdir(parents=True)
    (settings.data_folder / FILE_NAME).write_bytes(b"this is no database" * 100)
    line = found(settings, "Database")
    assert line.mark == "bad"
    assert "Restore a backup" in line.text


def test_a_full_disk_is_named(settings: Settings) -> None:
    line = found(settings.model_copy(update={"data_free_mib": 2**40}), "Disk")
    assert line.mark == "bad"
    assert "no orders are taken" in line.text


def test_models_and_device_have_their_lines(settings: Settings) -> None:
    assert found(settings, "Model tiny").mark in {"good", "note"}
    assert found(settings, "Device").mark in {"good", "note"}


def test_a_card_that_torch_cannot_use_is_bad_and_says_what_to_do(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = devices.CardFacts(cuda="13.0", available=True, name="Tesla P40", capability=(6, 1), built_for=("sm_75",))
    monkeypatch.setattr(devices, "look", lambda index=0: old)
    line = found(settings, "Device")
    assert line.mark == "bad"
    assert "Tesla P40" in line.text
    assert "whl/cu126" in line.text


def test_each_model_of_a_card_has_its_placement(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "found_card", lambda ram_bytes=None, index=0: card_of(12, 32 * GIB, "a stand-in"))
    assert "11.3 GiB" in found(settings, "Device").text
    assert "offload=none" in found(settings, "Placement of tiny").text
    large = settings.model_copy(update={"model_local": ("stabilityai/stable-diffusion-3.5-large;offload=none",)})
    line = found(large, "Placement of sd-3.5-large")
    assert line.mark == "bad"
    assert "Set precision=fp8;offload=encoders" in line.text
    monkeypatch.setattr(devices, "found_card", lambda ram_bytes=None, index=0: None)
    line = found(large, "Placement of sd-3.5-large")
    assert line.mark == "bad"
    assert "without a GPU" in line.text


def test_each_card_of_several_has_its_line_and_its_share_of_the_ram(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    shares: list[int | None] = []

    def card(ram_bytes: int | None = None, index: int = 0) -> Card | None:
        shares.append(ram_bytes)
        return card_of((24, 12)[index], ram_bytes, f"card {index}") if index < 2 else None

    monkeypatch.setattr(devices, "found_card", card)
    monkeypatch.setattr(devices, "look", lambda index=0: devices.CardFacts(available=True))
    several = settings.model_copy(
        update={"model_devices": ("cuda:0", "cuda:1", "cuda:2"), "model_ram_gib": 48.0, "model_local": ()}
    )
    lines = [line for line in doctor.examine(several) if line.text.startswith("Device")]
    assert [line.mark for line in lines] == ["good", "good", "bad"]
    assert [line.text.split(",")[0] for line in lines[:2]] == ["Device: cuda:0", "Device: cuda:1"]
    assert "there is no cuda:2" in lines[2].text
    assert shares == [16 * GIB] * 3
    workers = local_settings_by_card(several)
    assert [(one.device, one.ram_gib) for one in workers] == [(f"cuda:{number}", 16.0) for number in range(3)]


def test_the_studio_has_its_line_where_it_is_offered(settings: Settings) -> None:
    assert not any(line.text.startswith("Studio") for line in doctor.examine(settings))
    offered = settings.model_copy(update={"model_builtin": True})
    assert found(offered, "Studio").mark == "good"
    assert found(offered, "Model built-in").mark == "good"


@pytest.mark.parametrize(
    ("machine", "told"), [("x86_64", '.venv/bin/pip install -e ".[studio]"'), ("aarch64", "Linux on aarch64")]
)
def test_a_studio_that_cannot_run_says_why_and_what_to_do(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, machine: str, told: str
) -> None:
    there = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "embreex" else there(name))
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(sys, "platform", "linux")
    beside = settings.model_copy(update={"model_builtin": True})
    assert found(beside, "Studio").mark == "note"
    assert told in found(beside, "Studio").text
    alone = beside.model_copy(update={"model_file": "", "model_default": "built-in"})
    assert found(alone, "Models").mark == "bad"
    assert told in found(alone, "Models").text


async def test_the_list_of_models_tells_the_owner_why_there_is_no_studio(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.bot.studio.validator.settings = world.settings.model_copy(update={"model_builtin": True})
    there = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "pyoidn" else there(name, *more)
    )
    seen = fields(answer(await world.sam.slash(world.channel, "models")))
    assert "Not set up" not in seen
    world.bot._owners = frozenset({world.lena.id})
    seen = fields(answer(await world.lena.slash(world.channel, "models")))
    assert "pyoidn is not installed" in seen["Not set up"]


def test_settings_that_give_no_models_are_named(settings: Settings) -> None:
    wrong = settings.model_copy(update={"price_models": {"misspelt": ModelPrice(standard=1)}})
    assert found(wrong, "Models").mark == "bad"


def test_the_exit_code_says_whether_something_is_bad(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.run(settings) == 0
    assert doctor.run(settings.model_copy(update={"discord_token": SecretStr("")})) == 1
    lines = capsys.readouterr().out.splitlines()
    assert all(line.startswith(("ok  ", "note", "BAD ")) for line in lines)


async def test_a_running_bot_is_noticed_and_left_alone(world: World) -> None:
    assert any("is running" in line.text for line in doctor.examine(world.settings))
    await world.portrait(world.sam)


async def test_a_backup_while_the_bot_runs_and_the_drill_of_restoring_it(world: World, tmp_path: Path) -> None:
    """What was there at the backup is there again; what came after it is kept aside."""
    message = await world.portrait(world.sam)
    (portrait,) = await world.stores.portraits.by_message(message.id)
    await world.sam.slash(world.channel, "character save", name="ana")
    made = await asyncio.to_thread(back_up, world.settings.data_folder, tmp_path / "backup")
    assert made.pictures == 1
    await world.portrait(world.sam)
    await world.sam.click(message, label="Delete")
    await world.bot.close()
    aside = await asyncio.to_thread(restore, tmp_path / "backup", world.settings.data_folder)
    assert aside is not None
    assert sqlite3.connect(aside / FILE_NAME).execute("SELECT count(*) FROM portraits").fetchone() == (2,)
    world.bot = await make_bot(world.settings)
    await world.env.restart_bot(world.bot)
    again = await world.stores.portraits.get(portrait.id)
    assert again is not None
    assert await world.stores.pictures.read(again.sha256)
    assert list(await world.stores.characters.handles(world.sam.id)) == ["ana"]
    assert await world.balance(world.sam) == 90
    assert not await ledger.check(world.stores.database)
    await world.portrait(world.sam, "@ana by the sea")


def test_backup_and_restore_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_FOLDER", str(tmp_path / "var"))
    (tmp_path / "var").mkdir()
    asyncio.run(_begun(tmp_path / "var"))
    assert main.main(["backup", "copy"]) == 0
    assert main.main(["restore", "copy"]) == 0
    assert "kept in" in capsys.readouterr().out
    assert main.main(["backup", "copy"]) == 2
    assert main.main(["restore", "nothing-there"]) == 2
    assert "Nothing was changed" in capsys.readouterr().err


async def _begun(folder: Path) -> None:
    database = await Database.open(folder)
    await database.close()


async def test_a_floor_of_free_disk_refuses_orders_before_they_are_charged(world: World) -> None:
    world.bot.studio.validator.settings = world.settings.model_copy(update={"data_free_mib": 2**40})
    before = await world.balance(world.sam)
    result = await world.sam.slash(world.channel, "portrait", prompt="a man")
    assert "nearly full" in said(result)
    assert await world.balance(world.sam) == before
    assert not await world.stores.orders.of_user(world.guild.id, world.sam.id)

"""A bot that cannot start says why in one sentence and leaves nothing half-done."""

from __future__ import annotations

import pytest

from tests.e2e.stage import Stage
from tests.standin.process import BotProcess

CANNOT_START = 2
TRY_AGAIN = 70


async def sentence(bot: BotProcess, code: int = CANNOT_START) -> str:
    """What the process said before it ended by itself with `code`."""
    await bot.launch()
    assert await bot.exited() == code, bot.text
    assert "Traceback" not in bot.text
    said = [line for line in bot.log if line and " INFO " not in line]
    assert len(said) == 1, bot.text
    return said[0]


async def test_without_a_token(stage: Stage) -> None:
    said = await sentence(stage.process(DISCORD_TOKEN=""))
    assert "DISCORD_TOKEN is empty" in said
    assert not stage.var.exists()


async def test_with_a_wrong_token(stage: Stage) -> None:
    said = await sentence(stage.process(DISCORD_TOKEN="wrong"))
    assert "Discord refused DISCORD_TOKEN" in said


async def test_with_a_setting_that_makes_no_sense(stage: Stage) -> None:
    said = await sentence(stage.process(QUEUE_BATCH="many"))
    assert "QUEUE_BATCH" in said


async def test_with_an_address_that_is_none(stage: Stage) -> None:
    said = await sentence(stage.process(DISCORD_GATEWAY_URL="gateway.example"))
    assert "gateway.example" in said


async def test_with_discord_out_of_reach(stage: Stage) -> None:
    said = await sentence(stage.process(DISCORD_API_URL="http://127.0.0.1:9/api/v10"), TRY_AGAIN)
    assert "Discord could not be reached" in said


@pytest.mark.parametrize("content", [b"this is no database", b"SQLite format 3\x00" + bytes(4096)])
async def test_with_an_unreadable_database(stage: Stage, content: bytes) -> None:
    stage.var.mkdir(parents=True)
    bot = stage.process()
    await bot.start()
    await bot.terminate()
    database = next(stage.var.glob("*.sqlite*"))
    for extra in stage.var.glob(f"{database.name}-*"):
        extra.unlink()
    database.write_bytes(content)
    bot.log.clear()
    said = await sentence(bot)
    assert database.name in said
    assert database.read_bytes() == content


async def test_with_a_data_folder_that_is_a_file(stage: Stage) -> None:
    stage.folder.mkdir(parents=True, exist_ok=True)
    stage.var.write_text("in the way")
    said = await sentence(stage.process())
    assert str(stage.var) in said


async def test_what_it_keeps_is_for_its_user_alone(stage: Stage) -> None:
    """The process itself, from its start on a folder that was open, with a portrait."""
    stage.var.mkdir(parents=True)
    stage.var.chmod(0o755)
    bot = stage.warm_process()
    await bot.start()
    await stage.portrait()
    left_open = [path for path in (stage.var, *stage.var.rglob("*")) if path.stat().st_mode & 0o077]
    await bot.terminate()
    assert left_open == []
    assert any((stage.var / "pictures").iterdir())


async def test_with_a_model_folder_that_is_missing(stage: Stage) -> None:
    """The bot starts all the same, and the order that needs the model says what is wrong and costs nothing."""
    bot = stage.live(model_file="", model_local=("/nowhere/model=tiny",))
    await bot.start()
    try:
        order = await stage.ana.slash(stage.channel, "portrait", prompt="a woman in a red coat")
        await order.until(lambda i: "cannot be used now" in i.text or "could not" in i.text, 60)
    finally:
        await bot.close()


async def test_a_second_bot_on_the_same_folder_is_refused_and_the_first_goes_on(stage: Stage) -> None:
    first = stage.process()
    await first.start()
    try:
        said = await sentence(stage.process())
        assert str(first.pid) in said or "already" in said
        helped = await stage.ana.slash(stage.channel, "help")
        await helped.wait_acked()
    finally:
        await first.close()


async def test_commands_are_registered_once_and_not_at_every_start(stage: Stage) -> None:
    bot = stage.process()
    for _ in range(2):
        await bot.start()
        code, _ = await bot.terminate()
        assert code == 0
    assert len(stage.standin.syncs) == 1

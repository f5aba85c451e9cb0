"""`python -m bot setup`: from a token to the first portrait in a server. Whatever was done before is not done again."""

import asyncio
import os
import string
import time
from pathlib import Path
from typing import Final

import discord
from pydantic import SecretStr

from bot import commands
from bot.client import StudioBot
from bot.core import prompt_examples, words
from bot.core.errors import BotError, DiscordUnreachable, SettingsError
from bot.core.prompt_reading import read_prompt
from bot.core.requests import OrderRequest, StatusMessage, Whereabouts
from bot.core.settings import Settings
from bot.messages import cards
from bot.messages.replies import NO_PINGS
from bot.operations import env_file
from bot.operations.connection import in_words, open_bot
from bot.operations.console import Console
from bot.operations.discord_account import PORTAL, BotAccount, TokenRefused, lacking, look
from bot.operations.logs import set_up_by
from data.core.data_errors import DataError
from data.core.files import close_to_others
from data.orders.jobs import Order
from data.pictures.portrait_rows import Portrait
from engine.jobs.job import EngineError, Lane, PictureSpec
from engine.models.model import Model
from engine.prompt import PortraitPrompt

_TRIES: Final = 3
_IN_TOKENS: Final = frozenset(string.ascii_letters + string.digits + "._-")
_PUBLIC_KEY_LENGTH: Final = 64
_WITHOUT_TOKEN: Final = f"""To get a bot's token:
  1. Open {PORTAL} and press New Application.
  2. On its page Bot, press Reset Token and copy what is shown. The privileged intents stay off."""


class SetupStopped(BotError):
    """Setup cannot go on before somebody mends something; its text says what."""


def run(settings: Settings, console: Console, file: Path = Path(".env")) -> int:
    """Go through all steps. At a terminal the bot then stays online until Ctrl+C; returns the exit code.

    Raises BotError, DataError or CatalogueError, with a sentence; what was done until then is kept.
    """
    try:
        return asyncio.run(connected(*with_token(settings, console, file), console))
    except KeyboardInterrupt:
        console.say("\nStopped. `python -m bot setup` goes on from here, and `make run` starts the bot.")
        return 0


def with_token(settings: Settings, console: Console, file: Path) -> tuple[Settings, BotAccount]:
    """Settings with a token that Discord takes, which is in the file by then, and whose it is. Blocking.

    Raises SettingsError, DiscordUnreachable.
    """
    known = settings.discord_token.get_secret_value()
    if known:
        try:
            account = asyncio.run(look(known, settings.discord_api_url))
        except TokenRefused:
            named = (name for name, value in os.environ.items() if value and name.upper() == "DISCORD_TOKEN")
            if from_environment := next(named, ""):
                raise SettingsError(
                    f"Discord refused the token that the environment variable {from_environment} gives. It wins over "
                    ".env: unset it, or put the right one there."
                ) from None
            console.say(f"Discord refuses the token that is in {file}, so another one is needed.")
        else:
            console.say("The token that is there already is used.")
            if file.exists():
                close_to_others(file)
            return settings, account
    console.say(_WITHOUT_TOKEN)
    token, account = _asked(settings, console)
    env_file.write_settings(file, {"DISCORD_TOKEN": token})
    console.say(f"The token is in {file} now, which only you can read.")
    return settings.model_copy(update={"discord_token": SecretStr(token)}), account


def _asked(settings: Settings, console: Console, tries: int = _TRIES) -> tuple[str, BotAccount]:
    """A token that was typed and that Discord takes. Raises SettingsError after some tries."""
    token = tidied(console.secret("Token (it is not shown)"))
    if not token:
        raise SettingsError("No token was given, so nothing was changed.")
    try:
        refuse_other_things(token)
        return token, asyncio.run(look(token, settings.discord_api_url))
    except SettingsError as error:
        if tries == 1 or not console.is_terminal:
            raise
        console.say(f"{error} Try again.")
    return _asked(settings, console, tries - 1)


def tidied(typed: str) -> str:
    """What was pasted, without what tends to be pasted along: quotes, the name of the setting, "Bot "."""
    bare = typed.strip().removeprefix("DISCORD_TOKEN=").strip().strip("\"'").strip()
    return bare.removeprefix("Bot ").strip()


def refuse_other_things(token: str) -> None:
    """Raises SettingsError for what stands beside the token in the portal and is none, before Discord sees it."""
    if token.isdecimal():
        what = "That is the application's id, and no token."
    elif len(token) == _PUBLIC_KEY_LENGTH and set(token) <= set(string.hexdigits):
        what = "That is the application's public key, and no token."
    elif not set(token) <= _IN_TOKENS:
        what = "A token has only letters, digits, dots, _ and -."
    elif "." not in token:
        what = "A token has dots in it; that is perhaps the client secret of the page OAuth2."
    else:
        return
    raise SettingsError(f"{what} The token is on the application's page Bot, after Reset Token.")


async def connected(settings: Settings, account: BotAccount, console: Console) -> int:
    """Check whose bot it is, then do the rest with the bot online; the exit code. Raises as `run` does."""
    await _its_own(account, console)
    bot = await open_bot(settings)
    with in_words():
        async with bot:
            online = asyncio.create_task(bot.start(settings.discord_token.get_secret_value()), name="online")
            steps = asyncio.create_task(_steps(bot, account, console), name="setup")
            try:
                await asyncio.wait({online, steps}, return_when=asyncio.FIRST_COMPLETED)
                if not steps.done():
                    await online  # raises what went wrong
                    raise DiscordUnreachable("The connection to Discord ended. Run setup again, which goes on.")
                await steps
                if console.is_terminal:
                    set_up_by(settings, serving=True)
                    console.say("\nThe bot is online now; Ctrl+C stops it, and `make run` starts it again.")
                    await online
                else:
                    console.say("`make run`, or `python -m bot`, starts the bot.")
            finally:
                steps.cancel()
                await bot.close()
                await asyncio.gather(online, steps, return_exceptions=True)
    return bot.exit_code


async def _its_own(account: BotAccount, console: Console) -> None:
    """Say whose bot it is. Raises SetupStopped for one that another program uses, unless the person wants that."""
    console.say(f"This is the bot {words.bare(account.name)}, which belongs to {words.bare(account.owner)}.")
    own = {command.name for group in commands.GROUPS for command in group.COMMANDS}
    others = [name for name in account.commands if name not in own]
    if len(others) * 2 <= len(account.commands):
        return
    named = words.listed(f"/{name}" for name in others[:5])
    console.say(f"It has commands of another program: {named}. Going on replaces them.")
    if not await console.agrees("Is this bot to become the studio?", usually=False):
        raise SetupStopped(f"Nothing was registered. Make an application of its own for the studio: {PORTAL}.")


async def _steps(bot: StudioBot, account: BotAccount, console: Console) -> None:
    await bot.wait_until_ready()
    console.say("The commands are registered.")
    guild = await _server(bot, account, console)
    await _let_in(bot, guild, console)
    await _first_portrait(bot, guild, account, console)


async def _server(bot: StudioBot, account: BotAccount, console: Console) -> discord.Guild:
    """The server that the first portrait goes to: waits until there is one."""
    if not bot.guilds:
        if account.code_grant:
            raise SetupStopped(
                "No link can invite this bot: switch off Requires OAuth2 Code Grant on the application's page Bot, "
                "then run setup again."
            )
        console.say(f"\nOpen this link and choose your server:\n\n  {account.invite}\n")
        if not account.public:
            console.say(f"Only {words.bare(account.owner)} can do that, until Public Bot is on (page Bot).")
        console.say("Waiting until the bot is in a server. Ctrl+C is fine: setup goes on when it is run again.")
        while not bot.guilds:
            await _one_of(bot, "guild_join", "guild_available")
    served = [guild for guild in bot.guilds if await bot.serves(guild.id)]
    guild = (served or list(bot.guilds))[0]
    console.say(f"The bot is in {words.bare(guild.name)}.")
    return guild


async def _let_in(bot: StudioBot, guild: discord.Guild, console: Console) -> None:
    """A server of somebody else's uses the studio only when the bot's owner wants it to. Raises SetupStopped."""
    if await bot.serves(guild.id):
        return
    question = f"{words.bare(guild.name)} belongs to somebody else than the bot. May its members use the studio?"
    if not await console.agrees(question, usually=True):
        raise SetupStopped(
            f"That server is not let in. DISCORD_SERVERS=[{guild.id}] in .env lets it in, and so does setup when it "
            "is run again."
        )
    await bot.stores.servers.set_access(guild.id, allowed=True, actor_id=bot.an_owner, reason="setup", now=time.time())


async def _first_portrait(bot: StudioBot, guild: discord.Guild, account: BotAccount, console: Console) -> None:
    """One that anybody on the server could have ordered, by the bot's owner. Raises SetupStopped."""
    if made := await bot.stores.portraits.of_user(guild.id, bot.an_owner, limit=1):
        console.say(f"There is a portrait already: {_link(made[0])}")
        return
    model = await _model(bot, console)
    if model is None:
        return
    channel = await _channel(bot, guild, account, console)
    console.say(f"The first portrait is being made with {model.title}, in #{words.bare(channel.name)} ...")
    order = await _order(bot, guild, channel, model)
    await bot.studio.seen_through(order.id)
    ended = await bot.studio.find_order(order.id)
    (job,) = ended.jobs
    if job.state != "delivered":
        why = job.error or "Discord did not take it"
        raise SetupStopped(f"No portrait came of it: {why} `python -m bot doctor` says more; then run setup again.")
    (portrait,) = await bot.stores.portraits.of_order(order.id)
    console.say(f"Here is the first portrait: {_link(portrait)}\nType /help there for the rest.")


async def _model(bot: StudioBot, console: Console) -> Model | None:
    """One that costs the operator nothing, if there is one; None when a hosted one is not to be paid for that."""
    catalogue = bot.engine.catalogue
    if model := prompt_examples.costing_nothing(catalogue):
        return model
    model = prompt_examples.usual(catalogue)
    question = f"A portrait with {model.title} is not made on this machine and may cost you money. Make one now?"
    if await console.agrees(question, usually=True):
        return model
    console.say("No portrait was made. Type /portrait in the server for the first one.")
    return None


async def _channel(bot: StudioBot, guild: discord.Guild, account: BotAccount, console: Console) -> discord.TextChannel:
    """The first channel where the bot may do what it needs to; waits until there is one, and says what is missing."""
    told = ""
    while True:
        places = [guild.system_channel, *guild.text_channels]
        seen = [place for place in places if place is not None and place.permissions_for(guild.me).view_channel]
        able = [place for place in seen if not lacking(place.permissions_for(guild.me))]
        if able:
            return able[0]
        missing = _missing(guild, seen, account)
        if missing != told:
            console.say(missing)
        told = missing
        await _one_of(bot, "guild_channel_create", "guild_channel_update", "guild_role_update")


def _missing(guild: discord.Guild, seen: list[discord.TextChannel], account: BotAccount) -> str:
    name = words.bare(guild.name)
    if not seen:
        return f"The bot sees no text channel in {name}. Let its role see one; setup then goes on."
    lacks = words.listed(lacking(seen[0].permissions_for(guild.me)))
    return (
        f"In #{words.bare(seen[0].name)} of {name} the bot lacks {lacks}. Give its role that, in the channel too, or "
        f"invite it anew; setup then goes on:\n\n  {account.invite}\n"
    )


async def _one_of(bot: StudioBot, *events: str) -> None:
    """Wait for any of these."""
    waits = [asyncio.create_task(bot.wait_for(event)) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waits:
            each.cancel()


async def _order(
    bot: StudioBot, guild: discord.Guild, channel: discord.TextChannel, model: Model
) -> Order[PictureSpec]:
    """Raises SetupStopped; then nothing is left in the channel."""
    earlier = await bot.stores.orders.open_in(guild.id, bot.an_owner)
    if earlier:  # a setup that was stopped meanwhile
        bot.studio.follow(earlier[0])
        return earlier[0]
    prompt = (await read_prompt(prompt_examples.portrait(model))).prompt
    card = cards.status(prompt, [cards.Stage()], has_preview=False)
    try:
        message = await channel.send(embed=card, allowed_mentions=NO_PINGS)
    except discord.HTTPException as error:
        raise SetupStopped(f"Discord took no message in #{words.bare(channel.name)}: {error}") from error
    try:
        return await bot.studio.order(await _request(bot, message, prompt, model), _status(message, guild))
    except (BotError, DataError, EngineError) as error:
        await message.delete()
        raise SetupStopped(f"The first portrait was not made: {error}") from error


async def _request(bot: StudioBot, message: discord.Message, prompt: PortraitPrompt, model: Model) -> OrderRequest:
    """It costs its price in credits like any other, which is not asked about here."""
    channel, guild_id = message.channel, message.guild.id if message.guild else 0
    account = await bot.studio.account(guild_id, bot.an_owner)
    adult = isinstance(channel, discord.TextChannel) and channel.is_nsfw()
    return OrderRequest(
        source=f"setup:{message.id}",
        place=Whereabouts(guild_id=guild_id, channel_id=channel.id, adult=adult, moderator=True),
        user_id=bot.an_owner,
        prompt=prompt,
        model=model.id,
        confirmed=bot.studio.price(account, model, Lane.STANDARD),
    )


def _status(message: discord.Message, guild: discord.Guild) -> StatusMessage:
    """There is no interaction: the message is edited through its channel."""
    return StatusMessage(message_id=message.id, token="", token_expires_at=0.0, upload_limit=guild.filesize_limit)


def _link(portrait: Portrait[PictureSpec]) -> str:
    return f"https://discord.com/channels/{portrait.guild_id}/{portrait.channel_id}/{portrait.message_id}"

"""What people see of a saved face: its card, its pictures side by side, the list of faces."""

import asyncio
import io
from collections.abc import Sequence
from typing import Final

import discord
from PIL import Image

from bot.core import words
from bot.core.stores import Stores
from bot.languages.speech import counted, labelled, worded
from bot.messages import cards
from data.characters.saved_characters import Character, CharacterUse
from data.pictures.picture_store import PictureStore
from engine.prompts import looks

_HEIGHT_PX: Final = 384
_BARS: Final = "▁▂▃▄▅▆▇█"


def listed(own: Sequence[Character], shared: Sequence[Character]) -> discord.Embed:
    """The person's faces, and those of others that are shared where they are."""
    lines = [" · ".join(_line(one)) for one in own]
    if shared:
        lines += ["", worded("Shared in this server:")]
        lines += [worded("`@{handle}` · by <@{user}>", handle=one.handle, user=one.user_id) for one in shared]
    return discord.Embed(
        title=labelled("title", "Your characters"), description="\n".join(lines)[:4000], colour=cards.ACCENT
    )


def shown(character: Character, used: CharacterUse | None, *, guild_id: int) -> discord.Embed:
    """One face; `used` is where its owner's eyes may see it was used, None for others."""
    title = words.handle(character.handle) + (f":{character.version}" if character.versions > 1 else "")
    told: str = worded("Saved {day}, {origin}.", day=day(character.created_at), origin=origin(character))
    if character.description:
        told = f"{words.plain(character.description, 200)}\n{told}"
    embed = discord.Embed(title=title, description=told, colour=cards.ACCENT)
    embed.add_field(name=labelled("field", "Pictures"), value=_pictures(character), inline=True)
    if character.versions > 1:
        embed.add_field(name=labelled("field", "Versions"), value=_versions(character), inline=True)
    if said := looks.first_said(one.looks for one in character.references):
        embed.add_field(name=labelled("field", "Goes along in words"), value=words.plain(said.said(), 300), inline=True)
    embed.add_field(name=labelled("field", "Who may use it"), value=_who(character, guild_id), inline=True)
    if used is not None:
        embed.add_field(name=labelled("field", "Used"), value=_used(used), inline=False)
        if used.median is not None and used.worst is not None:
            measured = worded(
                "Likeness {median} in the median, {worst} at worst, of {measured}",
                median=round(used.median),
                worst=round(used.worst),
                measured=used.measured,
            )
            held = "\n".join(part for part in (measured, *_lately(used.lately)) if part)
            embed.add_field(name=labelled("field", "How well it holds"), value=held, inline=False)
    embed.set_footer(
        text=labelled("footer", "Write @{handle} in a prompt to bring this face back.", handle=character.handle)
    )
    return embed


def set_up(character: Character) -> discord.Embed:
    """The settings of a face."""
    embed = discord.Embed(title=words.handle(character.handle), colour=cards.ACCENT)
    embed.add_field(name=labelled("field", "Means"), value=_versions(character), inline=True)
    strength = worded("the model's own") if character.scale is None else f"{character.scale:.0%}"
    embed.add_field(name=labelled("field", "Strength"), value=strength, inline=True)
    if character.description:
        embed.add_field(
            name=labelled("field", "Description"), value=words.plain(character.description, 200), inline=False
        )
    return embed


def _pictures(character: Character) -> str:
    count = len(character.references)
    unmeasured = sum(not one.measured for one in character.references)
    return (
        worded("{count} ({unmeasured} not measured)", count=count, unmeasured=unmeasured) if unmeasured else str(count)
    )


def _versions(character: Character) -> str:
    if character.versions == 1:
        return worded("version 1, the only one")
    return worded(
        "1 to {versions}; `@{handle}` means {version}",
        versions=character.versions,
        handle=character.handle,
        version=character.default_version,
    )


def _who(character: Character, guild_id: int) -> str:
    if character.shared_in is None:
        return worded("only you")
    if character.shared_in == guild_id:
        return worded("everybody in this server")
    return worded("everybody in another server")


def _used(used: CharacterUse) -> str:
    if not used.portraits:
        return worded("in no portrait yet")
    newest = ", ".join(worded("No. {number}", number=portrait_id) for portrait_id in used.newest)
    return counted(
        "in {count} portrait, newest {newest}", "in {count} portraits, newest {newest}", used.portraits, newest=newest
    )


def _lately(likenesses: Sequence[tuple[int, float]]) -> tuple[str, ...]:
    """The last likenesses as a small chart and in figures, oldest first, and the least; nothing for a single one."""
    if len(likenesses) < 2:
        return ()
    bars = "".join(_BARS[min(len(_BARS) - 1, int(value * len(_BARS) / 100))] for _, value in likenesses)
    figures = ", ".join(f"{value:.0f}" for _, value in likenesses)
    portrait_id, worst = min(likenesses, key=lambda one: one[1])
    return (
        worded("Over time `{bars}` {figures}", bars=bars, figures=figures),
        worded("The least of these is {worst:.0f}, in No. {number}.", worst=worst, number=portrait_id),
    )


def origin(character: Character) -> str:
    if character.references[0].origin == "portrait":
        return worded("from a portrait")
    return worded("from a picture of yours")


def _line(character: Character) -> list[str]:
    parts: list[str] = [worded("`@{handle}` · saved {day}", handle=character.handle, day=day(character.created_at))]
    parts.append(origin(character))
    if character.versions > 1:
        parts.append(counted("{count} version", "{count} versions", character.versions))
    if character.shared_in is not None:
        parts.append(worded("shared"))
    return parts


def day(epoch_s: float) -> str:
    return f"<t:{int(epoch_s)}:D>"


async def gallery(stores: Stores, character: Character) -> bytes:
    """The character's pictures side by side, as PNG."""
    return await asyncio.to_thread(_side_by_side, stores.pictures, [one.sha256 for one in character.references])


def _side_by_side(store: PictureStore, sha256s: Sequence[str]) -> bytes:
    paths = [store.path(sha256) for sha256 in sha256s]
    if len(paths) == 1:
        return paths[0].read_bytes()
    pictures = []
    for path in paths:
        with Image.open(path) as opened:
            wide = max(1, round(opened.width * _HEIGHT_PX / opened.height))
            pictures.append(opened.convert("RGB").resize((wide, _HEIGHT_PX), Image.Resampling.LANCZOS))
    whole = Image.new("RGB", (sum(each.width for each in pictures), _HEIGHT_PX))
    left = 0
    for each in pictures:
        whole.paste(each, (left, 0))
        left += each.width
    buffer = io.BytesIO()
    whole.save(buffer, "PNG")
    return buffer.getvalue()

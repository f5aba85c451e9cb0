"""What people see of a saved face: its card, its pictures side by side, the list of faces."""

import asyncio
import io
from collections.abc import Sequence
from typing import Final

import discord
from PIL import Image

from bot.core import words
from bot.core.stores import Stores
from bot.messages import cards
from data.characters.saved_characters import Character, CharacterUse
from data.pictures.picture_store import PictureStore
from engine.prompts import looks

_HEIGHT_PX: Final = 384
_BARS: Final = "▁▂▃▄▅▆▇█"


def listed(own: Sequence[Character], shared: Sequence[Character]) -> discord.Embed:
    """The person's faces, and those of others that are shared where they are."""
    lines = [f"`@{one.handle}` · saved {day(one.created_at)} · {origin(one)}{_more(one)}" for one in own]
    if shared:
        lines += ["", "Shared in this server:", *(f"`@{one.handle}` · by <@{one.user_id}>" for one in shared)]
    return discord.Embed(title="Your characters", description="\n".join(lines)[:4000], colour=cards.ACCENT)


def shown(character: Character, used: CharacterUse | None, *, guild_id: int) -> discord.Embed:
    """One face; `used` is where its owner's eyes may see it was used, None for others."""
    title = words.handle(character.handle) + (f":{character.version}" if character.versions > 1 else "")
    told = f"Saved {day(character.created_at)}, {origin(character)}."
    if character.description:
        told = f"{words.plain(character.description, 200)}\n{told}"
    embed = discord.Embed(title=title, description=told, colour=cards.ACCENT)
    embed.add_field(name="Pictures", value=_pictures(character), inline=True)
    if character.versions > 1:
        embed.add_field(name="Versions", value=_versions(character), inline=True)
    if said := looks.first_said(one.looks for one in character.references):
        embed.add_field(name="Goes along in words", value=words.plain(said.said(), 300), inline=True)
    embed.add_field(name="Who may use it", value=_who(character, guild_id), inline=True)
    if used is not None:
        embed.add_field(name="Used", value=_used(used), inline=False)
        if used.median is not None and used.worst is not None:
            measured = f"Likeness {round(used.median)} in the median, {round(used.worst)} at worst, of {used.measured}"
            lately = _lately(used.lately)
            embed.add_field(name="How well it holds", value=f"{measured}{lately}", inline=False)
    embed.set_footer(text=f"Write @{character.handle} in a prompt to bring this face back.")
    return embed


def set_up(character: Character) -> discord.Embed:
    """The settings of a face."""
    embed = discord.Embed(title=words.handle(character.handle), colour=cards.ACCENT)
    embed.add_field(name="Means", value=_versions(character), inline=True)
    strength = "the model's own" if character.scale is None else f"{character.scale:.0%}"
    embed.add_field(name="Strength", value=strength, inline=True)
    if character.description:
        embed.add_field(name="Description", value=words.plain(character.description, 200), inline=False)
    return embed


def _pictures(character: Character) -> str:
    count = len(character.references)
    unmeasured = sum(not one.measured for one in character.references)
    told = "1" if count == 1 else str(count)
    return f"{told} ({unmeasured} not measured)" if unmeasured else told


def _versions(character: Character) -> str:
    if character.versions == 1:
        return "version 1, the only one"
    return f"1 to {character.versions}; `@{character.handle}` means {character.default_version}"


def _who(character: Character, guild_id: int) -> str:
    if character.shared_in is None:
        return "only you"
    return "everybody in this server" if character.shared_in == guild_id else "everybody in another server"


def _used(used: CharacterUse) -> str:
    if not used.portraits:
        return "in no portrait yet"
    newest = ", ".join(f"No. {portrait_id}" for portrait_id in used.newest)
    count = "1 portrait" if used.portraits == 1 else f"{used.portraits} portraits"
    return f"in {count}, newest {newest}"


def _lately(likenesses: Sequence[tuple[int, float]]) -> str:
    """The last likenesses as a small chart and in figures, oldest first; nothing for a single one."""
    if len(likenesses) < 2:
        return ""
    bars = "".join(_BARS[min(len(_BARS) - 1, int(value * len(_BARS) / 100))] for _, value in likenesses)
    figures = ", ".join(f"{value:.0f}" for _, value in likenesses)
    portrait_id, worst = min(likenesses, key=lambda one: one[1])
    return f"\nOver time `{bars}` {figures}\nThe least of these is {worst:.0f}, in No. {portrait_id}."


def origin(character: Character) -> str:
    return "from a portrait" if character.references[0].origin == "portrait" else "from a picture of yours"


def _more(character: Character) -> str:
    told = f" · {character.versions} versions" if character.versions > 1 else ""
    return told + (" · shared" if character.shared_in is not None else "")


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

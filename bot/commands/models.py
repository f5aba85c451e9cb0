"""`/models`: every model here as a table a person can read, and what is not set up."""

from typing import Any

import discord
from discord import app_commands

from bot.app import Interaction
from bot.core import hosted_setup, words
from bot.core.studio import Studio
from bot.guard import person_of
from bot.languages.speech import counted, labelled, reworded, worded
from bot.messages import cards, replies
from data.credits.accounts import Account
from engine.jobs.job import Lane
from engine.models import studio_model
from engine.models.hosted_models import TITLES, unconfigured
from engine.models.model import ON_THIS_MACHINE, Model

_MOST_FIELDS = 23
_MOST_CHARACTERS = 4500
"""Of the 6,000 that Discord takes in one embed."""


@app_commands.command(description="Which models there are, what each is best for, and what it costs you.")
async def models(interaction: Interaction) -> None:
    await tell(interaction)


async def tell(interaction: Interaction) -> None:
    """The same for a button; this acknowledges."""
    await interaction.response.defer(thinking=True, ephemeral=True)
    person = await person_of(interaction)
    bot = interaction.client
    account = await bot.studio.account(person.place.guild_id, person.user_id)
    embed = table(bot.studio, account)
    if bot.is_owner(person.user_id):
        _tell_owner(embed, bot.studio)
    await replies.whisper(interaction, embed=embed)


def table(studio: Studio, account: Account) -> discord.Embed:
    """One entry a model, in the order of the catalogue."""
    catalogue = studio.engine.catalogue
    embed = discord.Embed(title=labelled("title", "Models"), colour=cards.ACCENT)
    for model in catalogue.models[:_MOST_FIELDS]:
        name = worded("{title} · the default", title=model.title) if model.id == catalogue.default else model.title
        away = catalogue.unavailable(model)
        lines: list[str] = [worded("**Not now: {why}.**", why=words.plain(reworded(away), 200))] if away else []
        lines += [
            worded("Best for {what}.", what=reworded(model.best_for)),
            worded("Catch: {what}.", what=reworded(model.catch)),
        ]
        lines.append(f"{abilities(model)}.")
        fine_tunes = [words.plain(fine_tune.title, 60) for fine_tune in catalogue.fine_tunes_of(model.id)]
        lines += [worded("Fine-tunes: {names}.", names=words.listed(fine_tunes[:10]))] if fine_tunes else []
        lines.append(_price_line(studio, account, model))
        if len(embed) > _MOST_CHARACTERS:
            embed.set_footer(text=labelled("footer", "There are more; `/portrait model:` finds them all."))
            break
        embed.add_field(name=words.plain(name, 200), value="\n".join(lines)[:1024], inline=False)
    return embed


def _price_line(studio: Studio, account: Account, model: Model) -> str:
    standard, fast = (studio.price(account, model, lane) for lane in (Lane.STANDARD, Lane.FAST))
    usual, faster = (words.credits_word(price) if price else worded("nothing") for price in (standard, fast))
    return worded("Costs you {usual}, in the fast lane {faster}.", usual=usual, faster=faster)


def abilities(model: Model) -> str:
    """What the model can do, in one line."""
    width, height = model.sizes.get("2:3") or next(iter(model.sizes.values()))
    can: list[str] = [_faces(model), worded("about {width} × {height}", width=width, height=height)]
    can.append(words.listed(model.sizes, "or"))
    can += [] if model.seeded else [worded("no seed")]
    can += [worded("words in the picture")] if model.writes_text else []
    can += [worded("live preview")] if model.live_preview else []
    can += [worded("negative prompt")] if model.negative else []
    can += [worded("edits")] if model.edits else []
    if model.qualities:
        can.append(worded("quality {names}", names=words.listed(map(words.quality_word, model.qualities), "or")))
    return f"{_home(model)}; {'; '.join(can)}"


def _home(model: Model) -> str:
    if model.provider in ON_THIS_MACHINE:
        return worded("On this machine")
    if model.provider == "cluster":
        return worded("On the studio's own servers")
    return worded("At {provider}", provider=TITLES[model.provider])


def _faces(model: Model) -> str:
    if not model.references:
        return worded("no saved faces")
    return counted("one saved face", "up to {count} saved faces", model.references)


def _tell_owner(embed: discord.Embed, studio: Studio) -> None:
    """What only the operator needs to know."""
    missing = [
        f"{model.title}: set {model.provider.upper()}_API_KEY"
        for model in unconfigured(hosted_setup.reached(studio.settings))
    ]
    if studio.settings.model_builtin and (why := studio_model.missing()):
        missing.insert(0, f"Studio: {words.plain(why, 300)}")
    costs = [
        f"{model.title}: ${model.cost_usd_micros / 1_000_000:.3f}"
        for model in studio.engine.catalogue.models
        if model.cost_usd_micros
    ]
    licences = [
        f"{model.title}: {model.licence}"
        for model in studio.engine.catalogue.models
        if model.provider in ON_THIS_MACHINE and model.licence
    ]
    if licences:
        embed.add_field(
            name=labelled("field", "Licences of local models"), value="\n".join(licences)[:1024], inline=False
        )
    if studio.engine.catalogue.refused:
        refused = "\n".join(words.plain(sentence, 300) for sentence in studio.engine.catalogue.refused)
        embed.add_field(name=labelled("field", "Fine-tunes not offered"), value=refused[:1024], inline=False)
    if missing:
        embed.add_field(name=labelled("field", "Not set up"), value="\n".join(missing)[:1024], inline=False)
    if costs:
        embed.set_footer(text=labelled("footer", "What a picture costs you: {costs}", costs=", ".join(costs))[:2000])


COMMANDS: tuple[Any, ...] = (models,)

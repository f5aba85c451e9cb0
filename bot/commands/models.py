"""`/models`: every model here as a table a person can read, and what is not set up."""

from typing import Any

import discord
from discord import app_commands

from bot.app import Interaction
from bot.core import hosted_setup, words
from bot.core.studio import Studio
from bot.guard import person_of
from bot.languages.speech import labelled
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
        name = f"{model.title} · the default" if model.id == catalogue.default else model.title
        away = catalogue.unavailable(model)
        lines = [f"**Not now: {words.plain(away, 200)}.**"] if away else []
        lines += [f"Best for {model.best_for}.", f"Catch: {model.catch}.", f"{abilities(model)}."]
        fine_tunes = [words.plain(fine_tune.title, 60) for fine_tune in catalogue.fine_tunes_of(model.id)]
        lines += [f"Fine-tunes: {words.listed(fine_tunes[:10], 'and')}."] if fine_tunes else []
        lines.append(_price_line(studio, account, model))
        if len(embed) > _MOST_CHARACTERS:
            embed.set_footer(text=labelled("footer", "There are more; `/portrait model:` finds them all."))
            break
        embed.add_field(name=words.plain(name, 200), value="\n".join(lines)[:1024], inline=False)
    return embed


def _price_line(studio: Studio, account: Account, model: Model) -> str:
    standard, fast = (studio.price(account, model, lane) for lane in (Lane.STANDARD, Lane.FAST))
    usual = words.credits_word(standard) if standard else "nothing"
    return f"Costs you {usual}, in the fast lane {words.credits_word(fast) if fast else 'nothing'}."


def abilities(model: Model) -> str:
    """What the model can do, in one line."""
    homes = {"local": "On this machine", "studio": "On this machine", "cluster": "On the studio's own servers"}
    home = homes.get(model.provider) or f"At {TITLES[model.provider]}"
    faces = {0: "no saved faces", 1: "one saved face"}.get(model.references, f"up to {model.references} saved faces")
    width, height = model.sizes.get("2:3") or next(iter(model.sizes.values()))
    can = [faces, f"about {width} × {height}", words.listed(model.sizes, "or")]
    can += [] if model.seeded else ["no seed"]
    can += ["words in the picture"] if model.writes_text else []
    can += ["live preview"] if model.live_preview else []
    can += ["negative prompt"] if model.negative else []
    can += ["edits"] if model.edits else []
    can += [f"quality {words.listed(model.qualities, 'or')}"] if model.qualities else []
    return f"{home}; {'; '.join(can)}"


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

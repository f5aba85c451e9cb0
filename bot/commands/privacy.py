"""`/privacy`: what is kept of a person, a copy of it, and the end of it. Open to everybody, also to who is banned."""

import asyncio
import time
from typing import Any, ClassVar, Final

import discord
from discord import app_commands
from discord.app_commands import Range

from bot.app import Interaction
from bot.components import base, consent
from bot.core import exporting, words
from bot.core.errors import Refused
from bot.core.stores import SPEC_FORM
from bot.languages.speech import counted, labelled, reworded, together, worded
from bot.maintenance import erasing
from bot.messages import alt_text, cards, replies
from data.people.erasure import PersonalCounts
from data.people.personal_export import everything_of
from data.people.questions import Question
from engine.models.model import ON_THIS_MACHINE

ABOUT: Final = "erase"
WORDING: Final = 1
GOOD_FOR_S: Final = 15 * 60
_TOO_LARGE: Final = 40005
_IN_FILE: Final = worded("A zip file with a copy of what is kept of you.")

group = app_commands.Group(name="privacy", description="What is kept of you: see it, have a copy, have it erased.")


@group.command(description="What is kept of you, for how long, and what leaves this studio.")
async def show(interaction: Interaction) -> None:
    await tell(interaction)


async def tell(interaction: Interaction) -> None:
    """The same for a button; this acknowledges."""
    await interaction.response.defer(thinking=True, ephemeral=True)
    bot = interaction.client
    counts = await bot.stores.privacy.counts(interaction.user.id)
    embed = discord.Embed(
        title=labelled("title", "What is kept of you"), colour=cards.ACCENT, description=_kept(counts)
    )
    embed.add_field(name=labelled("field", "For how long"), value=_how_long(bot.settings.data_keep_days), inline=False)
    embed.add_field(
        name=labelled("field", "What leaves the studio's machine"), value=_leaves(interaction), inline=False
    )
    embed.add_field(name=labelled("field", "What you can do"), value=reworded(_YOU_CAN), inline=False)
    await replies.whisper(interaction, embed=embed)


_YOU_CAN: Final = worded(
    "`/privacy export` sends you a copy of everything. `/privacy erase` has everything erased. Single things go with "
    "Delete under a portrait, `/character delete` and `/style delete`."
)


def _things(counts: PersonalCounts) -> dict[str, str]:
    """How much there is of each kind, in words."""
    return {
        "portraits": counted("{count:,} portrait", "{count:,} portraits", counts.portraits),
        "characters": counted("{count:,} character", "{count:,} characters", counts.characters),
        "styles": counted("{count:,} style", "{count:,} styles", counts.styles),
        "orders": counted("{count:,} order", "{count:,} orders", counts.orders),
        "files": counted("{count:,} picture file", "{count:,} picture files", counts.pictures),
    }


def _kept(counts: PersonalCounts) -> str:
    return together(
        worded(
            "{portraits} with prompts, {characters}, {styles}, {orders}; {files} ({size:.1f} MiB) in all.",
            size=counts.picture_bytes / 2**20,
            **_things(counts),
        ),
        worded(
            "For a character also measures of the face, to say how alike a portrait is. Your Discord id, your credits "
            "and where they went, what moderators did about you, and whether you confirmed that you have the right to "
            "the pictures you handed in; misreadings of your words, if you gave them away. No names, no messages but "
            "those that mention me, nothing of where or with what a photo was taken."
        ),
    )


def _how_long(days: int) -> str:
    if not days:
        return worded("Portraits and characters until you delete them, the rest until you have it erased.")
    return counted(
        "Portraits for {count} day, characters until you delete them, the rest until you have it erased.",
        "Portraits for {count} days, characters until you delete them, the rest until you have it erased.",
        days,
    )


def _leaves(interaction: Interaction) -> str:
    models = interaction.client.engine.catalogue.models
    hosted = sorted({model.provider for model in models if model.provider not in ON_THIS_MACHINE})
    if not hosted:
        return worded("Nothing goes to anybody but Discord, which shows your portraits and keeps what it shows.")
    titles = words.listed(sorted(model.title for model in models if model.provider not in ON_THIS_MACHINE), "or")
    return worded(
        "For pictures made with {models}: their prompt and reference pictures go to {providers}, who have rules of "
        "their own. For all others nothing goes to anybody but Discord.",
        models=words.plain(titles, 600),
        providers=words.listed(hosted),
    )


@group.command(description="A copy of everything that is kept of you, as zip files that only you see.")
@app_commands.describe(part="Which part to begin with, when there are many")
async def export(interaction: Interaction, part: Range[int, 1, 10_000] = 1) -> None:
    await interaction.response.defer(thinking=True, ephemeral=True)
    stores = interaction.client.stores
    everything = await everything_of(stores.database, interaction.user.id, SPEC_FORM)
    parts = await asyncio.to_thread(exporting.parts_of, everything)
    if part > len(parts):
        raise Refused(
            counted(
                "There is {count} part; begin with that.",
                "There are {count} parts; begin with one of those.",
                len(parts),
            )
        )
    missing: list[str] = []
    last = min(len(parts), part - 1 + exporting.PARTS_A_TIME)
    for number in range(part, last + 1):
        packed = await exporting.packed(parts[number - 1], number, len(parts), stores.pictures)
        missing += packed.missing
        await _send(interaction, packed, worded("Part {number} of {count}.", number=number, count=len(parts)))
    await replies.whisper(interaction, _end(len(parts), last, missing))


async def _send(interaction: Interaction, packed: exporting.Packed, sentence: str) -> None:
    try:
        await replies.whisper(
            interaction, sentence, file=alt_text.described(packed.name, packed.content, reworded(_IN_FILE))
        )
    except discord.HTTPException as error:
        if error.status != 413 and error.code != _TOO_LARGE:
            raise
        size = f"{len(packed.content) / 2**20:.1f} MiB"
        raise Refused(
            together(
                sentence,
                worded("It has {size}, which Discord does not take. Ask the bot's owner for it.", size=size),
            )
        ) from error


def _end(parts: int, last: int, missing: list[str]) -> str:
    lacking = counted(
        "{count} picture file was not there any more.", "{count} picture files were not there any more.", len(missing)
    )
    if last < parts:
        end = worded("There is more: go on with `/privacy export part:{number}`.", number=last + 1)
        return together(end, lacking if missing else "")
    return together(
        worded("That was everything."),
        lacking if missing else "",
        worded("Save the files before you close this: only you see them, for a while."),
    )


@group.command(description="Have everything that is kept of you erased, in all servers. You are asked first.")
async def erase(interaction: Interaction) -> None:
    await interaction.response.defer(thinking=True, ephemeral=True)
    stores, user_id = interaction.client.stores, interaction.user.id
    question = await stores.questions.ask(user_id, ABOUT, WORDING, now=time.time())
    counts = await stores.privacy.counts(user_id)
    view = base.Controls()
    view.add_item(EraseButton("yes", question.id))
    view.add_item(EraseButton("no", question.id))
    await replies.whisper(interaction, embed=_consequences(counts, question), view=view)


def _consequences(counts: PersonalCounts, question: Question) -> discord.Embed:
    waiting = counted(
        "{count} portrait that waits or runs is cancelled.",
        "{count} portraits that wait or run are cancelled.",
        counts.waiting,
    )
    gone = worded(
        "**For good, in all servers:** {portraits}, {characters} with the measures of their faces (also for those you "
        "share them with), {styles}, all prompts and {files}.",
        **_things(counts),
    )
    shown = worded("Messages that show them are deleted where I may.")
    embed = discord.Embed(
        title=labelled("title", "Erase everything?"),
        colour=cards.WAITING,
        description=together(gone, waiting if counts.waiting else "", shown),
    )
    embed.add_field(
        name=labelled("field", "Your credits go too"),
        value=worded(
            "You have {credits}, which cannot be given back, and your tier ends.",
            credits=words.credits_word(counts.credits),
        ),
        inline=False,
    )
    embed.add_field(
        name=labelled("field", "What stays"),
        value=worded(
            "Credit entries and moderators' records, under a number that is not yours. A keyed hash of your id keeps "
            "a ban, and for two days what you have used of the day's limits. Faces that others saved from your "
            "portraits stay with them, but for those made from pictures you handed in. What Discord keeps is up to "
            "Discord."
        ),
        inline=False,
    )
    embed.set_footer(text=labelled("footer", "`/privacy export` first, if you want a copy."))
    embed.add_field(
        name=labelled("field", "Holds"),
        value=worded("until <t:{until}:t>", until=int(question.asked_at + GOOD_FOR_S)),
    )
    return embed


async def _agreed(interaction: Interaction, question_id: str) -> None:
    """Erase, and say what was and what was not."""
    await interaction.response.defer()
    bot, user_id = interaction.client, interaction.user.id
    await _require_fresh(interaction, question_id)
    await consent.answered(interaction, question_id, ABOUT, "yes")
    await _say(
        interaction, labelled("title", "Erasing…"), worded("This takes a moment; what still runs is ended first.")
    )
    outcome = await erasing.erase(bot, user_id)
    await _say(interaction, labelled("title", "Everything of yours is erased"), _told(outcome))
    if not outcome.messages:
        return
    tidied = await erasing.tidy(bot)
    done = counted(
        "{count} message with your portraits was deleted.",
        "{count} messages with your portraits were deleted.",
        tidied.deleted,
    )
    left = counted(
        "{count} is gone or out of my reach; delete that yourself.",
        "{count} are gone or out of my reach; delete those yourself.",
        tidied.out_of_reach,
    )
    later = counted("{count} is tried again within the hour.", "{count} are tried again within the hour.", tidied.later)
    await replies.whisper(
        interaction, together(done, left if tidied.out_of_reach else "", later if tidied.later else "")
    )


def _told(outcome: erasing.Outcome) -> str:
    files = counted(
        "{count} picture file is gone, and all rows about you.",
        "{count} picture files are gone, and all rows about you.",
        outcome.pictures,
    )
    messages = counted(
        "{count} message with them is being deleted now.",
        "{count} messages with them are being deleted now.",
        outcome.messages,
    )
    backups = worded("Backups of the studio's owner may hold older copies for a while.")
    return together(files, messages if outcome.messages else "", backups)


async def _require_fresh(interaction: Interaction, question_id: str) -> None:
    """Raises Refused for a question of long ago: what it said may not be so any more."""
    question = await interaction.client.stores.questions.get(question_id)
    mine = question is not None and question.user_id == interaction.user.id and question.answer is None
    if mine and question is not None and time.time() > question.asked_at + GOOD_FOR_S:
        raise Refused(worded("That was asked too long ago. Nothing was erased; use /privacy erase again."))


async def _declined(interaction: Interaction, question_id: str) -> None:
    await interaction.response.defer()
    await consent.answered(interaction, question_id, ABOUT, "no")
    await _say(interaction, labelled("title", "Nothing was erased"), worded("Everything is as it was."))


async def _say(interaction: Interaction, title: str, description: str) -> None:
    embed = discord.Embed(title=title, description=description, colour=cards.WAITING)
    await interaction.edit_original_response(embed=embed, view=None)


class EraseButton(
    base.Control[discord.ui.Button[discord.ui.View]],
    template=r"privacy:erase:(?P<answer>yes|no):(?P<question_id>[0-9a-f]{16})",
):
    """Erase everything, or No."""

    LOOKS: ClassVar = {
        "yes": (labelled("button", "Erase everything"), discord.ButtonStyle.danger),
        "no": (labelled("button", "No"), discord.ButtonStyle.secondary),
    }
    ACTIONS: ClassVar = {"yes": _agreed, "no": _declined}

    def __init__(self, answer: str, question_id: str) -> None:
        label, style = self.LOOKS[answer]
        custom_id = f"privacy:erase:{answer}:{question_id}"
        super().__init__(discord.ui.Button(label=reworded(label), style=style, custom_id=custom_id))
        self.answer = answer
        self.question_id = question_id

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        await self.ACTIONS[self.answer](interaction, self.question_id)


COMMANDS: tuple[Any, ...] = (group,)

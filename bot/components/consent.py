"""The question that everybody is asked once before a picture of theirs is used: whether they have the right to.

A flow that takes pictures calls `require` where it holds one, and is itself called through `ask`, which shows the
question when it is needed and goes on with the flow when it is answered. The answer is kept in the database; what
was to be done waits in memory only, so after a restart the person is told to do it again.
"""

import time
from typing import Any, ClassVar

import discord

from bot.app import App, GoOn, Interaction
from bot.components import base
from bot.core.errors import Gone, NotYours, Replayed, RightUnconfirmed
from bot.core.picture_rights import ABOUT, SENTENCES, WORDING
from bot.languages import audience
from bot.languages.speech import labelled, reworded, speaking, worded
from bot.messages import cards, replies
from data.people.questions import About, Answer, Question


async def ask(interaction: Interaction, flow: GoOn) -> None:
    """Run `flow`; where it needs the person's word first, ask for that, and run it again when they give it.

    `flow` gets an acknowledged interaction of the same person, and has changed nothing when it raises
    RightUnconfirmed.
    """
    try:
        await flow(interaction)
    except RightUnconfirmed:
        question = await _put(interaction.client, interaction.user.id, flow)
        await replies.whisper(interaction, embed=_card(), view=_buttons(question))


async def ask_below(bot: App, message: discord.Message, flow: GoOn) -> None:
    """Ask the author of a message, in a reply that everybody sees and only they can answer; then run `flow`."""
    question = await _put(bot, message.author.id, flow)
    await message.reply(embed=_card(), view=_buttons(question), mention_author=False)


async def _put(bot: App, user_id: int, flow: GoOn) -> Question:
    question = await bot.stores.questions.ask(user_id, ABOUT, WORDING, now=time.time())
    bot.waiting.keep(question.id, flow)
    return question


def _card() -> discord.Embed:
    embed = discord.Embed(
        title=labelled("title", "May this picture be used?"),
        description=reworded(SENTENCES[WORDING]),
        colour=cards.WAITING,
    )
    embed.set_footer(text=labelled("footer", "You are asked once. Your answer, its time and this wording are kept."))
    return embed


def _buttons(question: Question) -> discord.ui.View:
    view = base.Controls()
    view.add_item(ConsentButton("yes", question.id))
    view.add_item(ConsentButton("no", question.id))
    return view


async def answered(interaction: Interaction, question_id: str, about: About, answer: Answer) -> None:
    """Write down an answer that was pressed. Raises Gone, NotYours, Replayed."""
    questions = interaction.client.stores.questions
    question = await questions.get(question_id)
    if question is None or question.about != about:
        raise Gone(worded("That question is not known any more. Nothing was changed; please begin anew."))
    if question.user_id != interaction.user.id:
        raise NotYours("question")
    if not await questions.answer(question_id, interaction.user.id, answer, now=time.time()):
        raise Replayed(worded("That was answered already, and counts once."))


async def agree(interaction: Interaction, question_id: str) -> None:
    """The person has the right: keep that, and go on with what they wanted."""
    await interaction.response.defer()
    await answered(interaction, question_id, ABOUT, "yes")
    with speaking(audience.of_readers(interaction)):
        await _close(interaction, labelled("title", "Confirmed"), worded("You will not be asked again."))
    go_on = interaction.client.waiting.take(question_id)
    if go_on is None:
        await replies.whisper(
            interaction, worded("Thank you. The studio has restarted since: please send the picture again.")
        )
        return
    await go_on(interaction)


async def decline(interaction: Interaction, question_id: str) -> None:
    """They have not: nothing is stored."""
    await interaction.response.defer()
    await answered(interaction, question_id, ABOUT, "no")
    interaction.client.waiting.take(question_id)
    with speaking(audience.of_readers(interaction)):
        await _close(
            interaction,
            labelled("title", "Not used"),
            worded("The picture was not stored. A portrait made here can be saved without this."),
        )


async def _close(interaction: Interaction, title: str, description: str) -> None:
    embed = discord.Embed(title=title, description=description, colour=cards.WAITING)
    await interaction.edit_original_response(embed=embed, view=None)


class ConsentButton(
    base.Control[discord.ui.Button[discord.ui.View]],
    template=r"consent:(?P<answer>yes|no):(?P<question_id>[0-9a-f]{16})",
):
    """Confirm or No under the question."""

    LOOKS: ClassVar = {
        "yes": (labelled("button", "Confirm"), discord.ButtonStyle.success),
        "no": (labelled("button", "No"), discord.ButtonStyle.secondary),
    }
    ACTIONS: ClassVar = {"yes": agree, "no": decline}

    def __init__(self, answer: str, question_id: str) -> None:
        label, style = self.LOOKS[answer]
        custom_id = f"consent:{answer}:{question_id}"
        super().__init__(discord.ui.Button(label=reworded(label), style=style, custom_id=custom_id))
        self.answer = answer
        self.question_id = question_id

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        await self.ACTIONS[self.answer](interaction, self.question_id)

"""What an order comes to, and what Discord is to the studio: a messenger, and a message that shows progress."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from bot.core import words
from bot.core.best_of_several import BestPortrait
from bot.core.picture_safety import NOT_LOOKED_AT, SafetyScore
from bot.languages.speech import reworded, worded
from data.credits.accounts import FREE, Account
from data.orders.jobs import Order, Way
from data.pictures.kept_reviews import KeptReview
from data.pictures.portrait_rows import Portrait, PortraitFacts
from engine.jobs.job import Event, Finished, PictureSpec


@dataclass(frozen=True, slots=True)
class Result:
    """What became of an order. `left` says what the account holds now.

    Of several that were made to have the best, `portraits` has that one, and `best` the others.
    """

    portraits: Sequence[Portrait[PictureSpec]]
    sentences: Sequence[str]
    left: str
    best: BestPortrait | None = None


class ProgressMessage(Protocol):
    """Shows how far an order is."""

    def update(self, job_id: str, event: Event) -> None: ...
    def again(self, job_id: str) -> None: ...
    def ended(self, job_id: str, sentence: str = "") -> None: ...
    async def close(self) -> None: ...


class Messenger(Protocol):
    """Shows orders to people; `deliver` and `tell` may be repeated and show the end of an order once.

    Both say by which way that went, None when every way is closed.
    """

    def progress_message(self, order: Order) -> ProgressMessage: ...
    async def deliver(self, order: Order, result: Result) -> Way | None: ...
    async def tell(self, order: Order, sentence: str) -> Way | None: ...
    async def call_back(self, orders: Sequence[Order]) -> None: ...


def facts(
    finished: Finished,
    ordered: PictureSpec,
    ignored: tuple[str, ...] = (),
    drawn: tuple[str, ...] = (),
    found: SafetyScore = NOT_LOOKED_AT,
    review: KeptReview | None = None,
) -> PortraitFacts[PictureSpec]:
    """What is stored of a finished portrait: the words that were really sent, and what was left out of them.

    `ordered` is what it was to be made from, with its own prompt. `ignored` are the flags of other tools that were
    typed, `drawn` what was drawn of choices; they are told here once and kept nowhere else. `found` is what was seen in
    the picture, `review` what it is like.
    """
    sent = finished.words
    told_t5 = sent.long_prompt and sent.long_prompt != sent.prompt
    notes = [reworded(finished.note)]
    if sent.dropped:
        notes.append(worded("Not said to this model: {parts}.", parts=words.plain("; ".join(sent.dropped), 300)))
    if ignored:
        notes.append(worded("Means nothing here: {parts}.", parts=words.plain("; ".join(ignored), 300)))
    if drawn:
        notes.append(worded("Drawn by the seed: {parts}.", parts=words.plain("; ".join(drawn), 300)))
    if sent.remembered:
        remembered = words.sentence("; ".join(sent.remembered), 300)
        notes.append(worded("{parts} (from when the face was saved).", parts=remembered))
    if sent.left_to_reference:
        left = words.plain("; ".join(sent.left_to_reference), 300)
        notes.append(worded("Left to the reference picture: {parts}.", parts=left))
    return PortraitFacts(
        spec=replace(ordered, seed=finished.seed, steps=finished.steps, width=finished.width, height=finished.height),
        model_title=finished.model_title,
        words=f"CLIP: {sent.prompt}\nT5: {sent.long_prompt}" if told_t5 else sent.prompt,
        negative=sent.negative,
        render_s=finished.render_s,
        note=" ".join(note for note in notes if note),
        sexual=found.sexual,
        scored_by=found.scored_by,
        spoiler=found.spoiler,
        review=review,
    )


def balance_line(account: Account) -> str:
    if account.tier != FREE:
        credits = words.credits_word(account.balance)
        return worded("{credits} left · {tier} tier", credits=credits, tier=account.tier)
    return worded("{credits} left", credits=words.credits_word(account.balance))

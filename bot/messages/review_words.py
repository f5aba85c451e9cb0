"""What a review says of a portrait: the short line on its card, all its sentences, and the table of several models."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Final

import discord

from bot.core import words
from bot.core.best_of_several import BestPortrait
from bot.core.reviewing import read_text
from bot.languages.speech import counted, labelled, reworded, worded
from bot.messages import cards
from data.orders.attempts import Attempt
from data.orders.series_rows import SeriesFrame
from data.pictures.portrait_rows import Portrait
from engine.review.judged_parts import TO_INSTALL, PortraitReview, over_series
from engine.review.measure_names import ASKED_FOR, SAME_FACE, as_asked

_TITLES: Final[Mapping[str, str]] = {
    "skin": labelled("measure", "Skin"),
    "light": labelled("measure", "Light"),
    "eyes": labelled("measure", "Eyes"),
    "anatomy": labelled("measure", "Anatomy"),
    SAME_FACE: labelled("measure", "Same face"),
    ASKED_FOR: labelled("measure", "As asked"),
}
_SHORT: Final = tuple(name for name in _TITLES if name != ASKED_FOR)


def line(review: PortraitReview, attempts: Sequence[Attempt] = ()) -> str:
    """Such as "Skin 82 · Light 100 · Eyes 74 · Anatomy 98 · Same face 91"; "" where nothing could be measured."""
    found = scores(review, attempts)
    return " · ".join(f"{reworded(_TITLES[name])} {found[name]:.0f}" for name in _SHORT if name in found)


def scores(review: PortraitReview, attempts: Sequence[Attempt] = ()) -> dict[str, float]:
    """What was measured, 0 to 100. The likeness is the one that the card has, by the scale of the portrait's model."""
    found = {each.name: each.score for each in review.measures if each.score is not None}
    chosen = next((one for one in attempts if one.chosen), None)
    if chosen is not None and chosen.likeness is not None:
        found[SAME_FACE] = chosen.likeness
    return found


def card_field(
    review: PortraitReview | None, attempts: Sequence[Attempt] = (), best: BestPortrait | None = None
) -> tuple[str, str] | None:
    """Name and text of the card's field; None where there is nothing to say."""
    told = line(review, attempts) if review is not None else ""
    if review is not None and len(attempts) > 1 and any(one.review is not None for one in attempts):
        chosen = counted("The best of {count} try.", "The best of {count} tries.", len(attempts))
        told = f"{told}\n{chosen}"
    if best is None or not best.others:
        return (labelled("field", "Review"), told) if told else None
    made = 1 + len(best.others)
    if not best.by_review:
        name = labelled("field", "The first of {made}", made=made)
        return name, worded("They could not be reviewed, so the first is shown.")
    name = labelled("field", "Best of {made}", made=made)
    if unseen := made - best.reviewed:
        left_out = worded("Not all could be reviewed; left out: {unseen}.", unseen=unseen)
        told = f"{told}\n{left_out}"
    return name, told.strip() or worded("It was chosen by its review.")


def whole(item: Portrait, review: PortraitReview, attempts: Sequence[Attempt] = ()) -> discord.Embed:
    """Every measure with its sentences: what was seen, part by part, and what could not be measured."""
    embed = discord.Embed(title=labelled("title", "Review"), colour=cards.ACCENT)
    found = scores(review, attempts)
    for measure in review.measures:
        if not measure.parts and measure.name not in found:
            continue
        title = reworded(_TITLES.get(measure.name, measure.name.capitalize()))
        score = found.get(measure.name)
        parts = sorted(measure.parts, key=lambda part: 101.0 if part.score is None else part.score)
        lines = [words.sentence(reworded(part.told), 200) for part in parts]
        embed.add_field(
            name=title if score is None else f"{title} {score:.0f}",
            value="\n".join(dict.fromkeys(lines))[:1024] or worded("As under Face on its card."),
            inline=False,
        )
    # What to install is the operator's business, whom `doctor` tells.
    if left_out := [each for each in review.left_out if not each.startswith(TO_INSTALL)]:
        told = "\n".join(words.sentence(reworded(each), 300) for each in left_out)
        embed.add_field(name=labelled("field", "Not measured"), value=told[:1024], inline=False)
    embed.description = worded(
        "0 to 100 each: what is worst in it counts. Read from the picture alone, and not infallible."
    )
    embed.set_footer(text=labelled("footer", "No. {number} · {model}", number=item.id, model=item.model_title))
    return embed


def of_models(frames: Sequence[SeriesFrame]) -> list[tuple[str, str]]:
    """A row for each model of a series: its title, and what its frames come to. Nothing for a single model."""
    by_model: dict[str, list[SeriesFrame]] = {}
    for frame in frames:
        by_model.setdefault(frame.model, []).append(frame)
    if len(by_model) < 2:
        return []
    return [_row(model, theirs) for model, theirs in by_model.items()]


def _row(model: str, frames: Sequence[SeriesFrame]) -> tuple[str, str]:
    made = [frame for frame in frames if frame.portrait_id is not None]
    title = next((frame.model_title for frame in made if frame.model_title), model)
    name = words.plain(title, 60)
    if len(frames) > 1 or not made:
        name = counted(
            "{model} · {made} of {count} frame",
            "{model} · {made} of {count} frames",
            len(frames),
            model=name,
            made=len(made),
        )
    reviews = [review for frame in made if (review := read_text(frame.review)) is not None]
    told = [_measured(measure, reviews, made) for measure in _TITLES]
    lines = [" · ".join(each for each in told if each)] if reviews or not made else [worded("Not reviewed.")]
    facts = [worded("Prompt followed {share:.0%}", share=share)] if (share := as_asked(reviews)) is not None else []
    took = [frame.render_s for frame in made if frame.render_s is not None]
    facts += [words.seconds(median(took))] if took else []
    facts += [words.credits_word(frames[0].price)]
    return name, "\n".join(each for each in (*lines, " · ".join(facts)) if each)


def _measured(measure: str, reviews: Sequence[PortraitReview], made: Sequence[SeriesFrame]) -> str:
    """A measure's median, and its worst in brackets where there are several frames."""
    likes = [frame.likeness for frame in made if frame.likeness is not None]
    if measure == SAME_FACE and likes:
        found: tuple[float, float] | None = (median(likes), min(likes))
    else:
        found = over_series(reviews, measure)
    if found is None:
        return ""
    worst = f" ({found[1]:.0f})" if len(made) > 1 else ""
    return f"{reworded(_TITLES[measure])} {found[0]:.0f}{worst}"

"""How well a portrait holds a face, in words. Pure."""

from collections.abc import Sequence

from bot.languages.speech import counted, worded
from data.orders.attempts import Attempt
from engine.faces.likeness import ACCEPTED


def lines(attempts: Sequence[Attempt], handles: Sequence[str]) -> list[str]:
    """What a portrait's card says of its face; `handles` are its characters, in order. Nothing when not measured."""
    chosen = next((one for one in attempts if one.chosen), None)
    if chosen is None or chosen.faces is None:
        return []
    told = [score(chosen, handles)] if chosen.likeness is not None else []
    if told and len(attempts) > 1:
        told[0] += " · " + counted("the best of {count} try", "the best of {count} tries", len(attempts))
    if chosen.likeness is not None and chosen.likeness < ACCEPTED:
        told.append(worded("That is hardly the saved face. Another picture of it may help: /character add."))
    if chosen.copied:
        told.append(worded("Too alike: pose and light are those of the saved picture. Ask for another light or place."))
    if not chosen.faces:
        told.append(worded("No face was found in it."))
    elif not chosen.sharp:
        told.append(worded("The eyes are not sharp."))
    return told


def score(one: Attempt, handles: Sequence[str]) -> str:
    """Such as "Likeness 92", or for two "Likeness @ana 92, @kai 81"."""
    if len(one.likenesses) == 1 and one.likeness is not None:
        return worded("Likeness {score}", score=round(one.likeness))
    named = len(handles) == len(one.likenesses)
    parts = [
        f"{f'@{handles[at]} ' if named else ''}{round(likeness)}"
        for at, likeness in enumerate(one.likenesses)
        if likeness is not None
    ]
    return worded("Likeness {score}", score=", ".join(parts))

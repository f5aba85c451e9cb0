"""What was ever asked for of the people in a picture: their age, and how little they wear. Pure.

It stays with all that is made of the picture. A later word takes nothing of it back: of several findings the youngest
counts.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from bot.core.policy_ages import ADULT_AGE
from bot.core.policy_reading import Finding, read
from data.pictures.asked_people import PeopleBehind, WordsFromBefore
from engine.prompt import PortraitPrompt, PromptError, from_json, parse

Age = Literal["unknown", "adult", "unclear", "child"]
Exposure = Literal["", "swimwear", "undressed"]
_AGES: Final[tuple[Age, ...]] = ("unknown", "adult", "unclear", "child")
_EXPOSURES: Final[tuple[Exposure, ...]] = ("", "swimwear", "undressed")


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedPeople:
    """`age` is "child" for somebody under 18, of `youngest` years where that was said, and "unclear" for a word such as
    "girl" alone; `exposure` is what they were asked for with, "undressed" for anything suggestive or sexual."""

    age: Age = "unknown"
    youngest: int | None = None
    exposure: Exposure = ""


NOBODY: Final = CarriedPeople()
SEXUAL_PICTURE: Final = CarriedPeople(exposure="undressed")
"""What a picture that was found sexual says, whatever the words for it were."""


def of_years(age: int) -> CarriedPeople:
    """Somebody of so many years."""
    return CarriedPeople(age="child", youngest=age) if age < ADULT_AGE else CarriedPeople(age="adult")


def of_words(found: Finding) -> CarriedPeople:
    """What words spoke of."""
    young = found.youngest if found.youngest is not None and found.youngest < ADULT_AGE else None
    grown = found.grown or found.youngest is not None
    age: Age = "child" if found.minor else "unclear" if found.perhaps_minor else "adult" if grown else "unknown"
    exposed: Exposure = "undressed" if found.adult or found.undressing else "swimwear" if found.swimwear else ""
    return CarriedPeople(age=age, youngest=young, exposure=exposed)


def together(findings: Iterable[CarriedPeople]) -> CarriedPeople:
    """The youngest and the least dressed of them all."""
    found = [NOBODY, *findings]
    return CarriedPeople(
        age=max((one.age for one in found), key=_AGES.index),
        youngest=min((one.youngest for one in found if one.youngest is not None), default=None),
        exposure=max((one.exposure for one in found), key=_EXPOSURES.index),
    )


def behind(rows: Iterable[PeopleBehind]) -> CarriedPeople:
    """What an order takes over from what it is made of. Clothes are of pictures that go along: a recipe that is made
    anew says its own, and a swimsuit does not stay with a face."""
    return together(_taken_over(row.how, from_text(row.people)) for row in rows)


def _taken_over(how: str, found: CarriedPeople) -> CarriedPeople:
    kept = how == "picture" or (how == "face" and found.exposure == "undressed")
    return found if kept else CarriedPeople(age=found.age, youngest=found.youngest)


def to_text(people: CarriedPeople) -> str:
    """As JSON; "" when nothing was said."""
    return "" if people == NOBODY else json.dumps({name: said for name, said in asdict(people).items() if said})


def from_text(text: str) -> CarriedPeople:
    """Read what `to_text` wrote."""
    return CarriedPeople(**json.loads(text)) if text else NOBODY


def in_prompts(prompts: Iterable[PortraitPrompt]) -> CarriedPeople:
    """What these prompts speak of."""
    year = datetime.now(UTC).year
    return together(of_words(read(prompt, year)) for prompt in prompts)


def before(said: WordsFromBefore) -> str:
    """What the words of a row from before say, as `to_text` writes it."""
    prompts = [*filter(None, map(_stored, said.prompts)), *map(parse, said.words)]
    found = in_prompts(prompts)
    return to_text(together([found, behind(PeopleBehind("recipe", one) for one in said.behind)]))


def _stored(prompt: str) -> PortraitPrompt | None:
    try:
        return from_json(prompt)
    except PromptError:
        return None

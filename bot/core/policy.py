"""What may be made at all, asked before anything is charged or sent. Pure: a question in, a decision out.

Words are a second line of defence (`policy_reading.py`): the first is where a picture comes from and where it is shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from bot.core import carried_people, words
from bot.core.carried_people import NOBODY, CarriedPeople
from bot.core.policy_reading import Finding, every_word, first_blocked, read
from bot.core.real_people import NO_REAL_PEOPLE, RealPeople
from bot.languages.speech import together, worded
from engine.prompt import PortraitPrompt
from engine.sayings import Saying

BY_SERVER: Final = "blocked-by-server"
"""The one rule that is a server's own: its moderators can let an order have the words all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyQuestion:
    """A portrait that somebody wants. `from_upload`: any picture behind it (a reference, the picture to change, a
    character, or what those were made from) was uploaded by a person. `carried` is what all that lies behind it was
    ever asked for with. `year` is this year, for years of birth."""

    prompt: PortraitPrompt
    from_upload: bool = False
    carried: CarriedPeople = NOBODY
    operator_allows_adult: bool = False
    server_allows_adult: bool = False
    channel_age_restricted: bool = False
    operator_blocked: tuple[str, ...] = ()
    server_blocked: tuple[str, ...] = ()
    real_people: RealPeople = NO_REAL_PEOPLE
    year: int = field(default_factory=lambda: datetime.now(UTC).year)


@dataclass(frozen=True, slots=True)
class Allowed:
    """The portrait may be made. `adult` when it may only be shown where adult content is; `names` are real people whom
    it names, when whoever orders it has to say first that they have the right to."""

    adult: bool = False
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PolicyRefusal:
    """The portrait is not made. `rule` is for the record, `sentence` for the person who asked."""

    rule: str
    sentence: str


Decision = Allowed | PolicyRefusal


def decide(question: PolicyQuestion) -> Decision:
    """The first rule that forbids the portrait, else Allowed. Never raises."""
    return judged(question)[0]


def judged(question: PolicyQuestion) -> tuple[Decision, CarriedPeople]:
    """The decision, and what is to be kept of the people with whatever is made of it."""
    said = read(question.prompt, question.year)
    people = carried_people.together([carried_people.of_words(said), question.carried])
    names = question.real_people.named_in(every_word(question.prompt))
    decision = (
        _young(said, question.carried)
        or _blocked(question)
        or _named(question.real_people, names)
        or _adult(question, said)
    )
    return replace(decision, names=names) if isinstance(decision, Allowed) else decision, people


def _young(said: Finding, carried: CarriedPeople) -> PolicyRefusal | None:
    nothing = worded("Rule: nothing sexual or undressed with anyone who is, or looks, under 18.")
    if young := said.young_with_adult:
        advice = worded(
            "If everyone is an adult, say so (“a woman of 30”) and leave out “{word}”.", word=_escaped(young)
        )
        return PolicyRefusal("minors", together(nothing, advice))
    if _with_carried(said, carried).young_with_adult:
        advice = worded(
            "A face or a picture behind this was asked for as somebody who may be, or with little on; that stays with "
            "it, whatever is written later."
        )
        return PolicyRefusal("minors", together(nothing, advice))
    return None


def _blocked(question: PolicyQuestion) -> PolicyRefusal | None:
    if word := words.sentence(first_blocked(question.prompt, question.operator_blocked)):
        sentence = worded("Rule: “{word}” is on the block list of this bot. Write the prompt without it.", word=word)
        return PolicyRefusal("blocked-by-operator", sentence)
    if word := words.sentence(first_blocked(question.prompt, question.server_blocked)):
        sentence = worded("Rule: “{word}” is on the block list of this server. Write the prompt without it.", word=word)
        return PolicyRefusal(BY_SERVER, sentence)
    return None


def _named(people: RealPeople, names: Sequence[str]) -> PolicyRefusal | None:
    if not names or people.mode != "refuse":
        return None
    sentence = worded(
        "Rule: no portraits of real people by their names. Write the prompt without “{name}”.",
        name=words.sentence(names[0]),
    )
    return PolicyRefusal("real-person", sentence)


def finding(question: PolicyQuestion) -> Finding:
    """What the prompt and the saved faces behind it speak of."""
    return _with_carried(read(question.prompt, question.year), question.carried)


def _with_carried(said: Finding, carried: CarriedPeople) -> Finding:
    made_from = worded("what it is made from")
    child: str = worded("what it is made from, somebody young")
    if carried.youngest is not None:
        child = worded("what it is made from, somebody of {years} years", years=carried.youngest)
    return replace(
        said,
        minor=said.minor or (child if carried.age == "child" else ""),
        perhaps_minor=said.perhaps_minor or (made_from if carried.age == "unclear" else ""),
        undressing=said.undressing or (made_from if carried.exposure == "undressed" else ""),
        swimwear=said.swimwear or (made_from if carried.exposure == "swimwear" else ""),
    )


def _adult(question: PolicyQuestion, found: Finding) -> Decision:
    word = _escaped(found.adult)
    if question.from_upload and (found.adult or found.undressing):
        sentence = worded(
            "Rule: no adult content from an uploaded picture, or from a character saved from one. "
            "Leave out “{word}”, or start from words alone.",
            word=word or _escaped(found.undressing),
        )
        return PolicyRefusal("adult-from-upload", sentence)
    if not found.adult:
        return Allowed()
    if not question.operator_allows_adult:
        sentence = worded("Rule: this bot makes no adult content. Leave out “{word}”.", word=word)
        return PolicyRefusal("adult-operator", sentence)
    if not question.server_allows_adult:
        sentence = worded("Rule: this server does not allow adult content. Leave out “{word}”.", word=word)
        return PolicyRefusal("adult-server", sentence)
    if not question.channel_age_restricted:
        sentence = worded(
            "Rule: adult content only in age-restricted channels. Ask there, or leave out “{word}”.", word=word
        )
        return PolicyRefusal("adult-channel", sentence)
    return Allowed(adult=True)


def _escaped(found: str) -> str:
    """What was found as it can stand in a sentence: a sentence of ours, or what somebody typed."""
    return found if isinstance(found, Saying) else words.sentence(found)

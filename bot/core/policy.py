"""What may be made at all, asked before anything is charged or sent. Pure: a question in, a decision out.

Words are a second line of defence (`policy_reading.py`): the first is where a picture comes from and where it is shown.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from bot.core.policy_ages import ADULT_AGE
from bot.core.policy_reading import Finding, first_blocked, read
from engine.prompt import PortraitPrompt

BY_SERVER: Final = "blocked-by-server"
"""The one rule that is a server's own: its moderators can let an order have the words all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyQuestion:
    """A portrait that somebody wants. `from_upload`: any picture behind it (a reference, the picture to change, a
    character, or what those were made from) was uploaded by a person. `character_age` is the youngest age in years
    that a saved face of it was ever asked for with, None when none is known. `year` is this year, for years of
    birth."""

    prompt: PortraitPrompt
    from_upload: bool = False
    character_age: int | None = None
    operator_allows_adult: bool = False
    server_allows_adult: bool = False
    channel_age_restricted: bool = False
    operator_blocked: tuple[str, ...] = ()
    server_blocked: tuple[str, ...] = ()
    year: int = field(default_factory=lambda: datetime.now(UTC).year)


@dataclass(frozen=True, slots=True)
class Allowed:
    """The portrait may be made. `adult` when it may only be shown where adult content is."""

    adult: bool = False


@dataclass(frozen=True, slots=True)
class PolicyRefusal:
    """The portrait is not made. `rule` is for the record, `sentence` for the person who asked."""

    rule: str
    sentence: str


Decision = Allowed | PolicyRefusal


def decide(question: PolicyQuestion) -> Decision:
    """The first rule that forbids the portrait, else Allowed. Never raises."""
    found = finding(question)
    young = found.young_with_adult
    if young:
        return PolicyRefusal(
            "minors",
            "Rule: nothing sexual or undressed with anyone who is, or looks, under 18. If everyone is an adult, say so "
            f"(“a woman of 30”) and leave out “{young}”.",
        )
    for rule, whose, blocked in (
        ("blocked-by-operator", "this bot", question.operator_blocked),
        (BY_SERVER, "this server", question.server_blocked),
    ):
        word = first_blocked(question.prompt, blocked)
        if word:
            return PolicyRefusal(rule, f"Rule: “{word}” is on the block list of {whose}. Write the prompt without it.")
    return _adult(question, found)


def finding(question: PolicyQuestion) -> Finding:
    """What the prompt and the saved faces behind it speak of."""
    found = read(question.prompt, question.year)
    if question.character_age is not None and question.character_age < ADULT_AGE and not found.minor:
        return replace(found, minor=f"a saved face of {question.character_age} years")
    return found


def _adult(question: PolicyQuestion, found: Finding) -> Decision:
    if question.from_upload and (found.adult or found.undressing):
        return PolicyRefusal(
            "adult-from-upload",
            "Rule: no adult content from an uploaded picture, or from a character saved from one. "
            f"Leave out “{found.adult or found.undressing}”, or start from words alone.",
        )
    if not found.adult:
        return Allowed()
    if not question.operator_allows_adult:
        return PolicyRefusal("adult-operator", f"Rule: this bot makes no adult content. Leave out “{found.adult}”.")
    if not question.server_allows_adult:
        return PolicyRefusal(
            "adult-server", f"Rule: this server does not allow adult content. Leave out “{found.adult}”."
        )
    if not question.channel_age_restricted:
        return PolicyRefusal(
            "adult-channel",
            f"Rule: adult content only in age-restricted channels. Ask there, or leave out “{found.adult}”.",
        )
    return Allowed(adult=True)

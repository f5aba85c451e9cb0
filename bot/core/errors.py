"""What can go wrong between a person and the studio; every message is a sentence for that person."""

from typing import Final, Literal

from bot.core import words
from bot.languages.speech import together, worded
from engine.sayings import Saying

EXIT_CANNOT_START = 2
"""The process's exit code when the settings or the data folder do not let it start."""
EXIT_FATAL = 70
"""The exit code that asks the supervisor for a new process."""


class BotError(Exception):
    """The base of the bot's own errors; `str()` says what is wrong and what to do next."""


class SettingsError(BotError):
    """The bot cannot start with these settings."""


class DiscordUnreachable(BotError):
    """Nothing answers at Discord's address; starting again later may help."""


class Refused(BotError):
    """A request that is declined before anything is charged, stored or sent."""


class AgainstPolicy(Refused):
    """What was asked for is not made here; `rule` names the rule, for the audit.

    `said` are the words that were judged, for moderators; `counts` says whether it counts towards a cool-down.
    `sentence` says why; a Saying has what people typed escaped in it.
    """

    def __init__(self, rule: str, sentence: str, *, said: str = "", counts: bool = True) -> None:
        why = sentence if isinstance(sentence, Saying) else words.sentence(sentence)
        super().__init__(together(why, worded("Nothing was charged.")))
        self.rule = rule
        self.said = said
        self.counts = counts


class Suspicious(Refused):
    """A press or command that nobody was offered who may use it; refusing it is written to the audit."""


class NotYours(Suspicious):
    """Somebody pressed what belongs to another person."""

    SENTENCES: Final = {
        "portrait": worded("This portrait belongs to someone else, so only they can do that."),
        "order": worded("This order belongs to someone else, so only they can do that."),
        "prompt": worded("This prompt belongs to someone else, so only they can do that."),
        "question": worded("This question belongs to someone else, so only they can do that."),
        "series": worded("This series belongs to someone else, so only they can do that."),
    }

    def __init__(self, what: Literal["portrait", "order", "prompt", "question", "series"] = "portrait") -> None:
        super().__init__(self.SENTENCES[what])


class NotAllowed(Suspicious):
    """A command or button for moderators was used by somebody who may not."""

    def __init__(self, sentence: str = "") -> None:
        super().__init__(
            sentence
            or worded("That is for moderators: it needs the Manage Server permission or this server's studio role.")
        )


class Forged(Suspicious):
    """A button, menu or choice that this bot has never shown."""

    def __init__(self) -> None:
        super().__init__(worded("That is not one of my buttons. Use the ones under my latest messages."))


class Replayed(Suspicious):
    """What is good for one press was pressed again."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)


class PriceUnconfirmed(Refused):
    """The order costs so much that its price is shown first; `total` and `balance` in credits."""

    def __init__(self, total: int, balance: int) -> None:
        super().__init__(
            worded(
                "This costs {credits}, more than is taken without asking. Order it again to confirm.",
                credits=words.credits_word(total),
            )
        )
        self.total = total
        self.balance = balance


class NameUnconfirmed(Refused):
    """An order names real people of the operator's list, `names`; its person has not said that they may be shown."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(
            worded(
                "This names a real person, and you have not said that you have the right to show them. Nothing was "
                "charged; order it again to be asked."
            )
        )
        self.names = names


class RightUnconfirmed(Refused):
    """A picture was handed in by somebody who has not said yet that they have the right to it (`picture_rights`)."""

    def __init__(self) -> None:
        super().__init__(
            worded(
                "Before a picture of a person is used here, say once that you have the right to use it: save it with "
                "/character save, which asks you. Nothing was stored."
            )
        )


class Gone(Refused):
    """What was asked for is not there any more."""

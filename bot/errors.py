"""What can go wrong between a person and the studio; every message is a sentence for that person."""

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


class NotYours(Refused):
    """Somebody pressed what belongs to another person."""

    def __init__(self, what: str = "portrait") -> None:
        super().__init__(f"This {what} belongs to someone else, so only they can do that.")


class NotAllowed(Refused):
    """A command or button for moderators was used by somebody who is none."""

    def __init__(self) -> None:
        super().__init__("That is for moderators: it needs the Manage Server permission or this server's studio role.")


class Gone(Refused):
    """What was asked for is not there any more."""

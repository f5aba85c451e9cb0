"""What the bot needs to be allowed on a server: the one list that the invite link, setup and doctor go by."""

from typing import Final

from bot.languages.speech import labelled

NEEDED: Final = {
    "view_channel": labelled("permission", "View Channels"),
    "send_messages": labelled("permission", "Send Messages"),
    "send_messages_in_threads": labelled("permission", "Send Messages in Threads"),
    "embed_links": labelled("permission", "Embed Links"),
    "attach_files": labelled("permission", "Attach Files"),
    "read_message_history": labelled("permission", "Read Message History"),
}
"""discord.py's name of each permission, with the one that Discord shows."""
SCOPES: Final = ("bot", "applications.commands")

ONLY_IN_THREADS: Final = "send_messages_in_threads"
ONLY_OUTSIDE_THREADS: Final = "send_messages"
_WITH_SENDING: Final = frozenset({"embed_links", "attach_files"})
IMPLIED: Final = {
    "view_channel": frozenset(NEEDED) - {"view_channel"},
    ONLY_OUTSIDE_THREADS: _WITH_SENDING,
    ONLY_IN_THREADS: _WITH_SENDING,
}
"""What nobody has without that one, whatever was given; it is not named beside it."""
NO_USER_INSTALLS: Final = (
    "Discord does not take the commands for members' own accounts (DISCORD_USER_INSTALLS). In the developer portal, "
    "your application, Installation, tick User Install beside Guild Install, then start again."
)


def needed_in(thread: bool) -> dict[str, str]:
    """What of it counts in a channel (text, voice or stage), or in a thread, which a post in a forum is too."""
    other = ONLY_OUTSIDE_THREADS if thread else ONLY_IN_THREADS
    return {name: title for name, title in NEEDED.items() if name != other}

"""What the bot needs to be allowed on a server: the one list that the invite link, setup and doctor go by."""

from typing import Final

NEEDED: Final = {
    "view_channel": "View Channels",
    "send_messages": "Send Messages",
    "send_messages_in_threads": "Send Messages in Threads",
    "embed_links": "Embed Links",
    "attach_files": "Attach Files",
    "read_message_history": "Read Message History",
}
"""discord.py's name of each permission, with the one that Discord shows."""
SCOPES: Final = ("bot", "applications.commands")

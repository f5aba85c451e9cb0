"""Discord for the tests, on real sockets."""

from tests.standin.discord import StandIn
from tests.standin.interaction import Interaction
from tests.standin.model import Channel, File, Guild, Message, Permission
from tests.standin.person import NotConnected, Person
from tests.standin.world import Options

__all__ = [
    "Channel",
    "File",
    "Guild",
    "Interaction",
    "Message",
    "NotConnected",
    "Options",
    "Permission",
    "Person",
    "StandIn",
]

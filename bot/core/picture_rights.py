"""The right to pictures of people: whoever hands one in confirms it once, whoever names a real person of the operator's
list confirms it for each order; each wording is kept for ever."""

from typing import Final

from bot.core.errors import RightUnconfirmed
from bot.core.stores import Stores
from bot.languages.speech import worded

ABOUT: Final = "right to picture"
SENTENCES: Final = {
    1: worded(
        "Please confirm that you have the right to use the pictures of people that you hand in here: each shows you, "
        "or somebody who agreed that portraits of them are made with this bot."
    ),
}
"""Each version of the question that was ever shown, by its number: answers refer to it. Add, never change."""
WORDING: Final = max(SENTENCES)
NAMES: Final = {
    1: worded(
        "This names {names}. Please confirm that you have the right to have this portrait made: it is you, or somebody "
        "who agreed to it, or the law allows such a portrait where you and this server are."
    ),
}
"""The question before an order that names somebody of the operator's list, likewise; the audit says which was shown."""
NAMES_WORDING: Final = max(NAMES)


async def require(stores: Stores, user_id: int) -> None:
    """Raises RightUnconfirmed until the person has confirmed the present wording."""
    if not await stores.questions.agreed(user_id, ABOUT, WORDING):
        raise RightUnconfirmed

"""What every button, menu, form and view of the bot is made from: who may is asked here, before anything else.

A new button is a `Control`, a new form a `Form`, and both go into `Controls`; none of them can answer for itself.
"""

import re
from typing import Any, Final, Self, TypeVar, cast, final

import discord

from bot.messages import replies

ItemT = TypeVar("ItemT", bound="discord.ui.Item[Any]")
_FORM_LIFE_S: Final = 15 * 60
_NO_CUSTOM_ID: Final = r"(?!)"
_HOLDERS: Final = (discord.ui.ActionRow, discord.ui.Container, discord.ui.Section)
MAX_ID: Final = 2**63 - 1
"""The largest number that the database holds."""
NUMBERS: Final = frozenset({"portrait_id", "user_id", "before", "number"})
"""Groups of templates that are whole numbers; all others are text."""
CONTROLS: Final[list[type["Control[Any]"]]] = []
"""Every kind of control, as their modules are imported; the client offers all of them."""


class Control(discord.ui.DynamicItem[ItemT], template=_NO_CUSTOM_ID):
    """A button or menu that outlives a restart. `pressed` runs for whoever may; its errors are told to them."""

    def __init_subclass__(cls, *, template: str) -> None:
        super().__init_subclass__(template=template)
        CONTROLS.append(cls)
        if (cls.interaction_check, cls.callback) != (Control.interaction_check, Control.callback):
            raise TypeError(f"{cls.__name__} may not decide who may press it, nor tell errors: write `pressed` alone")

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        raise NotImplementedError

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """As it was made: the groups of the template are named as what the class is made from."""
        made: Any = cls
        return cast(Self, made(**{name: _told(name, text) for name, text in match.groupdict().items()}))

    @final
    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
        return await replies.admitted(interaction)

    @final
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        try:
            await self.pressed(interaction)
        except Exception as error:  # noqa: BLE001 - the last handler before the person
            await replies.tell_error(interaction, error)


def _told(name: str, text: str) -> str | int:
    return min(int(text), MAX_ID) if name in NUMBERS else text


class Controls(discord.ui.View):
    """What is under a message. It takes controls and links only, and asks who may for anything else there is."""

    def __init__(self) -> None:
        super().__init__(timeout=None)

    def add_item(self, item: discord.ui.Item[Any]) -> "Controls":
        if item.is_dispatchable() and not isinstance(item, Control):
            raise TypeError(f"{type(item).__name__} is no Control, so nobody would be asked who may press it")
        return super().add_item(item)

    @final
    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
        return await replies.admitted(interaction)


class Layout(discord.ui.LayoutView):
    """A whole message of components, controls among them; it takes what `Controls` takes, and asks the same."""

    def __init__(self) -> None:
        super().__init__(timeout=None)

    def add_item(self, item: discord.ui.Item[Any]) -> "Layout":
        for part in (item, *(item.walk_children() if isinstance(item, _HOLDERS) else ())):
            if part.is_dispatchable() and not isinstance(part, (Control, *_HOLDERS)):
                raise TypeError(f"{type(part).__name__} is no Control, so nobody would be asked who may press it")
        return super().add_item(item)

    @final
    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
        return await replies.admitted(interaction)


class Form(discord.ui.Modal):
    """A form (modal). `submitted` runs for whoever may; its errors are told to them."""

    def __init__(self, title: str) -> None:
        super().__init__(title=title, timeout=_FORM_LIFE_S)

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if (cls.interaction_check, cls.on_submit) != (Form.interaction_check, Form.on_submit):
            raise TypeError(f"{cls.__name__} may not decide who may hand it in: write `submitted` alone")

    async def submitted(self, interaction: discord.Interaction[Any]) -> None:
        raise NotImplementedError

    @final
    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
        return await replies.admitted(interaction)

    @final
    async def on_submit(self, interaction: discord.Interaction[Any]) -> None:
        await self.submitted(interaction)

    async def on_error(self, interaction: discord.Interaction[Any], error: Exception, item: Any = None, /) -> None:
        await replies.tell_error(interaction, error)

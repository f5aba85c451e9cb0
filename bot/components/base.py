"""What every button, menu, form and view of the bot is made from: who may is asked here, before anything else.

A new button is a `Control`, a new form a `Form`, and both go into `Controls`; none of them can answer for itself.
"""

from typing import Any, Final, TypeVar, final

import discord

from bot.messages import replies

ItemT = TypeVar("ItemT", bound="discord.ui.Item[Any]")
_FORM_LIFE_S: Final = 15 * 60
_NO_CUSTOM_ID: Final = r"(?!)"


class Control(discord.ui.DynamicItem[ItemT], template=_NO_CUSTOM_ID):
    """A button or menu that outlives a restart. `pressed` runs for whoever may; its errors are told to them."""

    def __init_subclass__(cls, *, template: str) -> None:
        super().__init_subclass__(template=template)
        if (cls.interaction_check, cls.callback) != (Control.interaction_check, Control.callback):
            raise TypeError(f"{cls.__name__} may not decide who may press it, nor tell errors: write `pressed` alone")

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        raise NotImplementedError

    @final
    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
        return await replies.admitted(interaction)

    @final
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        try:
            await self.pressed(interaction)
        except Exception as error:  # noqa: BLE001 - the last handler before the person
            await replies.tell_error(interaction, error)


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

"""Acknowledging through a connection that breaks.

Discord closes idle connections whenever it likes, and a callback sent just then has an unknown outcome: the person
would look at a "thinking" message for ever. So it is sent once more, and "already acknowledged" is then good news.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import aiohttp
import discord
from discord.webhook.async_ import AsyncWebhookAdapter, async_context

if TYPE_CHECKING:
    from discord.http import MultipartParameters
    from discord.types.interactions import InteractionCallback

log = logging.getLogger(__name__)

ALREADY_ACKNOWLEDGED = 40060


class PatientAdapter(AsyncWebhookAdapter):
    """discord.py's way to answer interactions, with one repetition of a callback whose answer was lost."""

    async def create_interaction_response(
        self, interaction_id: int, token: str, *, params: MultipartParameters, **where: Any
    ) -> InteractionCallback:
        """Where the first attempt had got through, the receipt names no message."""
        try:
            return await super().create_interaction_response(interaction_id, token, params=params, **where)
        except aiohttp.ClientConnectionError as error:
            log.info("a callback's answer was lost (%s), sending it again", type(error).__name__)
        for file in params.files or ():
            file.reset()
        try:
            return await super().create_interaction_response(interaction_id, token, params=params, **where)
        except discord.HTTPException as error:
            if error.code != ALREADY_ACKNOWLEDGED:
                raise
        return {"interaction": {"id": interaction_id, "type": 2}}


def repeat_lost_callbacks() -> None:
    """Use the patient adapter for every bot started in this context. Not for simulators that bring their own."""
    async_context.set(PatientAdapter())  # type: ignore[no-untyped-call]  # its base leaves __init__ untyped

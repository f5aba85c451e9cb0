"""The routes by which a bot answers an interaction: the callback, and the webhook of the interaction's token."""

from __future__ import annotations

from tests.standin import payloads
from tests.standin.api import Answer, Call, Route
from tests.standin.compose import Draft
from tests.standin.errors import (
    already_acknowledged,
    bad_form,
    dead_token,
    unknown_interaction,
    unknown_message,
    unknown_webhook,
)
from tests.standin.interaction import (
    AUTOCOMPLETE,
    CHOICES,
    DEFER_MESSAGE,
    DEFER_UPDATE,
    MESSAGE,
    MODAL,
    SHOW_MODAL,
    UPDATE,
    Interaction,
)
from tests.standin.limits import check_choices, check_modal
from tests.standin.model import EPHEMERAL, Json, Message, clock
from tests.standin.world import World

NEED_SOURCE = frozenset({DEFER_UPDATE, UPDATE})


def routes() -> list[Route]:
    """The callback and the webhook routes; their token is in the path, so they need no bot token."""
    original = "/webhooks/{application}/{token}/messages/@original"
    other = "/webhooks/{application}/{token}/messages/{message}"
    return [
        Route("callback", "POST", "/interactions/{interaction}/{token}/callback", callback, open=True),
        Route("follow_up", "POST", "/webhooks/{application}/{token}", follow_up, open=True),
        Route("get_original", "GET", original, get_original, open=True),
        Route("edit_original", "PATCH", original, edit_original, open=True),
        Route("delete_original", "DELETE", original, delete_original, open=True),
        Route("get_followup", "GET", other, get_followup, open=True),
        Route("edit_followup", "PATCH", other, edit_followup, open=True),
        Route("delete_followup", "DELETE", other, delete_followup, open=True),
    ]


def callback(call: Call) -> Answer:
    """The first answer, which must come within three seconds, once."""
    world = call.world
    interaction = world.interactions.get(call.number("interaction"))
    if interaction is None or interaction.token != call.params["token"]:
        raise unknown_interaction()
    if interaction.acked_at is not None:
        raise already_acknowledged()
    now = clock()
    if interaction.sent_at is None or now - interaction.sent_at > world.options.acknowledge_within_s:
        raise unknown_interaction()
    kind, data = int(call.payload["type"]), call.payload.get("data") or {}
    check_kind(interaction, kind)
    interaction.original = respond(world, interaction, kind, Draft(data, call.files))
    interaction.acked_at, interaction.response_type, interaction.response = now, kind, data
    world.pulse.ring()
    return receipt(interaction, kind) if call.query.get("with_response") in ("1", "true") else None


def check_kind(interaction: Interaction, kind: int) -> None:
    if (interaction.kind == AUTOCOMPLETE) != (kind == CHOICES):
        raise bad_form("type", "This kind of answer does not fit this kind of interaction.")
    if kind == SHOW_MODAL and interaction.kind == MODAL:
        raise bad_form("type", "A modal cannot open a modal.")
    if kind in NEED_SOURCE and interaction.source is None:
        raise bad_form("type", "There is no message to update.")
    if kind not in (MESSAGE, DEFER_MESSAGE, DEFER_UPDATE, UPDATE, CHOICES, SHOW_MODAL):
        raise bad_form("type", "Unknown kind of answer.")


def respond(world: World, interaction: Interaction, kind: int, draft: Draft) -> Message | None:
    """Do what the callback says; the message that `@original` then means."""
    if kind == MESSAGE:
        return post(world, interaction, draft, "callback")
    if kind == DEFER_MESSAGE:
        return world.thinking(interaction, ephemeral=world.is_ephemeral(draft.payload))
    if kind == UPDATE and interaction.source is not None:
        world.edit_message(interaction.source, draft, "callback")
    elif kind == CHOICES:
        check_choices(draft.payload.get("choices") or [])
    elif kind == SHOW_MODAL:
        check_modal(draft.payload)
    return interaction.source if kind in NEED_SOURCE else None


def receipt(interaction: Interaction, kind: int) -> Json:
    """What `with_response` gives back. A deferred answer has an id there and no message."""
    about: Json = {"id": str(interaction.id), "type": interaction.kind}
    resource: Json = {"type": kind}
    message = interaction.original
    if message is not None and kind != DEFER_UPDATE:
        about["response_message_id"] = str(message.id)
        about["response_message_loading"] = message.loading
        about["response_message_ephemeral"] = message.ephemeral_to is not None
        if kind in (MESSAGE, UPDATE):
            resource["message"] = payloads.message(message)
    return {"interaction": about, "resource": resource}


def post(world: World, interaction: Interaction, draft: Draft, via: str) -> Message:
    return world.create_message(
        interaction.channel,
        world.bot,
        draft,
        via,
        interaction=interaction,
        ephemeral=world.is_ephemeral(draft.payload),
    )


def holder(call: Call) -> Interaction:
    """The interaction of a webhook token that is still alive and acknowledged."""
    interaction = call.world.tokens.get(call.params["token"])
    if interaction is None or call.number("application") != call.world.bot.id:
        raise unknown_webhook()
    if interaction.dead:
        raise dead_token()
    if interaction.acked_at is None:
        raise unknown_webhook()
    return interaction


def original(call: Call) -> tuple[Interaction, Message]:
    interaction = holder(call)
    if interaction.original is None or interaction.original.deleted:
        raise unknown_message()
    return interaction, interaction.original


def get_original(call: Call) -> Answer:
    return payloads.message(original(call)[1])


def edit_original(call: Call) -> Answer:
    _, message = original(call)
    call.world.edit_message(message, call.draft, "token")
    return payloads.message(message)


def delete_original(call: Call) -> Answer:
    call.world.delete_message(original(call)[1])
    return None


def follow_up(call: Call) -> Answer:
    """A further message. The first one after a deferred answer takes the place of the thinking message."""
    interaction = holder(call)
    waiting = interaction.original
    if waiting is not None and waiting.loading and not waiting.deleted:
        flags = int(call.payload.get("flags") or 0) & ~EPHEMERAL
        call.world.edit_message(waiting, Draft({**call.payload, "flags": flags}, call.files), "token")
        return payloads.message(waiting)
    if interaction.channel.deleted:
        raise unknown_webhook()
    message = post(call.world, interaction, call.draft, "token")
    interaction.followups.append(message)
    call.world.pulse.ring()
    return payloads.message(message)


def followup(call: Call) -> Message:
    interaction = holder(call)
    own = [*interaction.followups, *([interaction.original] if interaction.original else [])]
    for message in own:
        if message.id == call.number("message") and not message.deleted:
            return message
    raise unknown_message()


def get_followup(call: Call) -> Answer:
    return payloads.message(followup(call))


def edit_followup(call: Call) -> Answer:
    message = followup(call)
    call.world.edit_message(message, call.draft, "token")
    return payloads.message(message)


def delete_followup(call: Call) -> Answer:
    call.world.delete_message(followup(call))
    return None

"""Somebody in front of Discord's client: types commands and messages, presses buttons, fills in forms.

Every action returns as soon as the event has left for the bot; what comes of it is read from the `Interaction`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.standin import commands, payloads
from tests.standin.compose import Draft
from tests.standin.gateway import Gateway
from tests.standin.interaction import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL, Interaction
from tests.standin.model import Attachment, Channel, File, Json, Message, User, clock, walk
from tests.standin.world import World

Given = object
TEXT_INPUT, SELECT, FILE_UPLOAD, LABEL, ROW = 4, 3, 19, 18, 1


class NotConnected(AssertionError):
    """Nobody receives events: in the client this reads "The application did not respond"."""


@dataclass(frozen=True, slots=True)
class Person:
    """A user with hands. `user` is the account; the server is that of the channel they act in."""

    user: User
    _world: World
    _gateway: Gateway

    @property
    def id(self) -> int:
        return self.user.id

    @property
    def mention(self) -> str:
        return self.user.mention

    @property
    def dm(self) -> Channel:
        """This person's direct messages with the bot."""
        return self._world.direct_messages(self.user)

    async def slash(
        self, channel: Channel, words: str, /, options: Mapping[str, Given] | None = None, **more: Given
    ) -> Interaction:
        """Send `/words` ("portrait", "character save"). Attachments are `File`s, users are `Person`s."""
        given = {name: plain(one) for name, one in {**(options or {}), **more}.items()}
        data = commands.slash_data(
            self._world, channel, self.user, words, given, lambda file: self._upload(file, channel)
        )
        return await self._act(COMMAND, channel, data)

    async def autocomplete(
        self,
        channel: Channel,
        words: str,
        option: str,
        typed: str,
        options: Mapping[str, Given] | None = None,
    ) -> Interaction:
        """Type `typed` into `option` and wait for suggestions: read `.choices` once acknowledged."""
        given = {name: plain(one) for name, one in {**(options or {}), option: typed}.items()}
        data = commands.slash_data(
            self._world, channel, self.user, words, given, lambda file: self._upload(file, channel)
        )
        leaves = data["options"]
        while leaves and "options" in leaves[0]:
            leaves = leaves[0]["options"]
        next(leaf for leaf in leaves if leaf["name"] == option)["focused"] = True
        return await self._act(AUTOCOMPLETE, channel, data)

    async def context_menu(self, name: str, message: Message) -> Interaction:
        """Use the entry `name` of a message's menu."""
        data = commands.menu_data(self._world, message.channel, self.user, name, message)
        return await self._act(COMMAND, message.channel, data)

    async def press(self, message: Message, label: str | None = None, *, custom_id: str | None = None) -> Interaction:
        """Press a button by its label or custom id."""
        found = [b for b in message.buttons if b.label == label or (custom_id and b.custom_id == custom_id)]
        names = [b.label or b.custom_id for b in message.buttons]
        assert found, f"There is no button {label or custom_id!r}; there are {names}."
        assert not found[0].disabled, f"The button {label or custom_id!r} is disabled."
        return await self.press_id(message, found[0].custom_id)

    async def press_id(self, message: Message, custom_id: str) -> Interaction:
        """Press a button that may be gone by now, as somebody does whose client shows an old state."""
        assert message.ephemeral_to in (None, self.user), "Only the person it is for sees that message."
        data: Json = {"component_type": 2, "custom_id": custom_id, "id": 1}
        return await self._act(COMPONENT, message.channel, data, message)

    async def select(self, message: Message, values: Sequence[str], *, custom_id: str | None = None) -> Interaction:
        """Choose `values` in a message's (first) select menu."""
        menus = [c for c in walk(message.body.components) if c["type"] == SELECT]
        found = [c for c in menus if custom_id in (None, c["custom_id"])]
        assert found, f"There is no select menu {custom_id or ''}."
        offered = [option["value"] for option in found[0]["options"]]
        assert set(values) <= set(offered), f"The menu offers {offered}."
        data: Json = {"component_type": SELECT, "custom_id": found[0]["custom_id"], "values": list(values)}
        return await self._act(COMPONENT, message.channel, data | {"id": found[0]["id"]}, message)

    async def submit_modal(self, opened: Interaction, values: Mapping[str, Given]) -> Interaction:
        """Fill in the form that `opened` showed, by custom ids or labels, and send it."""
        modal = opened.modal
        assert modal is not None, "No form was shown."
        resolved: Json = {}
        used: set[str] = set()
        shapes = [self._answered(c, values, used, resolved, opened.channel) for c in modal["components"]]
        unknown = set(values) - used
        assert not unknown, f"The form has no field {sorted(unknown)}."
        data: Json = {"custom_id": modal["custom_id"], "components": shapes, "resolved": resolved}
        return await self._act(MODAL, opened.channel, data, opened.source)

    async def send(
        self,
        channel: Channel,
        text: str,
        *,
        reply_to: Message | None = None,
        files: Sequence[File] = (),
        ping: bool = True,
    ) -> Message:
        """Write a message. A reply pings its author, as the client does by default, unless `ping` is False."""
        allowed = {"parse": ["users", "roles", "everyone"], "replied_user": ping}
        draft = Draft({"content": text, "allowed_mentions": allowed}, dict(enumerate(files)))
        return self._world.create_message(channel, self.user, draft, "user", reply_to=reply_to)

    def _upload(self, file: Given, channel: Channel) -> Attachment:
        assert isinstance(file, File), f"{file!r} is no File."
        return self._world.store(file, channel, ephemeral=True)

    def _answered(
        self, component: Json, values: Mapping[str, Given], used: set[str], resolved: Json, channel: Channel
    ) -> Json:
        """One row or label of a form with its field's value, in the shape in which the client sends it."""
        number = {"id": component.get("id", 1)}
        if component["type"] == ROW:
            inner = component["components"][0]
            answered = self._field(inner, inner.get("label") or "", values, used, resolved, channel)
            return {"type": ROW, "components": [answered]} | number
        if component["type"] != LABEL:
            return {"type": component["type"]} | number
        inner = component["component"]
        answered = self._field(inner, component["label"], values, used, resolved, channel)
        return {"type": LABEL, "component": answered} | number

    def _field(
        self,
        field: Json,
        label: str,
        values: Mapping[str, Given],
        used: set[str],
        resolved: Json,
        channel: Channel,
    ) -> Json:
        name = next((key for key in (field["custom_id"], label) if key in values), None)
        shape: Json = {"type": field["type"], "custom_id": field["custom_id"], "id": field.get("id", 1)}
        given = None if name is None else values[name]
        used |= set() if name is None else {name}
        if field["type"] == TEXT_INPUT:
            text = field.get("value") or "" if given is None else str(given)
            assert text or field.get("required") is False, f"The form needs {label!r}."
            assert len(text) <= field.get("max_length", 4000), f"{label!r} is too long."
            return shape | {"value": text}
        chosen: list[Given] = list(given) if isinstance(given, (list, tuple)) else []
        if field["type"] == FILE_UPLOAD:
            attachments = [self._upload(file, channel) for file in chosen]
            resolved["attachments"] = {str(a.id): payloads.attachment(a) for a in attachments}
            return shape | {"values": [str(a.id) for a in attachments]}
        return shape | {"values": [str(one) for one in chosen]}

    async def _act(self, kind: int, channel: Channel, data: Json, source: Message | None = None) -> Interaction:
        if not self._gateway.ready:
            raise NotConnected("No bot is connected.")
        one = self._world.new_interaction(kind, self.user, channel, data, source)

        def sent() -> None:
            one.sent_at = clock()
            self._world.pulse.ring()

        self._gateway.emit("INTERACTION_CREATE", event(self._world, one), 0, sent)
        await self._world.pulse.until(lambda: one.sent_at is not None, 10, "the event to leave")
        return one


def plain(given: Given) -> Given:
    return given.user if isinstance(given, Person) else given


def event(world: World, one: Interaction) -> Json:
    """An INTERACTION_CREATE."""
    channel, guild = one.channel, one.channel.guild
    payload: Json = {
        "id": str(one.id),
        "application_id": str(one.application_id),
        "type": one.kind,
        "token": one.token,
        "version": 1,
        "data": one.data,
        "channel_id": str(channel.id),
        "locale": "en-US",
        "entitlements": [],
        "attachment_size_limit": channel.upload_limit_bytes,
    }
    if channel.away(one.application_id):
        installed_by = one.source.interaction.user if one.source is not None else one.user
        payload |= {"authorizing_integration_owners": {"1": str(installed_by.id)}, "app_permissions": str(3 << 14)}
        payload |= {"context": 2 if guild is None else 0, "channel": payloads.channel(channel)}
        if guild is None:
            payload |= {"user": payloads.user(one.user)}
        else:
            own = payloads.member(guild.members[one.user.id], channel)
            payload |= {"guild_id": str(guild.id), "guild": {"id": str(guild.id), "locale": "en-US", "features": []}}
            payload |= {"member": own, "guild_locale": "en-US"}
    elif guild is None:
        payload |= {"user": payloads.user(one.user), "context": 1, "app_permissions": str(1 << 15)}
        payload |= {"channel": payloads.channel(channel), "authorizing_integration_owners": {"0": "0"}}
    else:
        member = guild.members[one.user.id]
        bot_permissions = str(guild.members[world.bot.id].permissions(channel))
        here = payloads.channel(channel) | {"permissions": str(member.permissions(channel))}
        payload |= {"guild_id": str(guild.id), "guild_locale": "en-US", "context": 0, "channel": here}
        payload |= {"guild": {"id": str(guild.id), "locale": "en-US", "features": []}}
        payload |= {"member": payloads.member(member, channel), "app_permissions": bot_permissions}
        payload |= {"authorizing_integration_owners": {"0": str(guild.id)}}
    if one.source is not None:
        payload["message"] = payloads.message(one.source)
    return payload

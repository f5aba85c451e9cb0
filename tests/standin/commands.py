"""From what a person types to the `data` of an interaction, by the commands that the bot has registered.

A command that is not registered, an option that it lacks, or one that the person may not see is an error of the
test, raised as AssertionError.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.standin import payloads
from tests.standin.model import Attachment, Channel, File, Json, Member, Message, Role, User
from tests.standin.world import World

SUB_COMMAND, GROUP, TEXT, WHOLE, FLAG = 1, 2, 3, 4, 5
USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = 6, 7, 8, 9, 10, 11
CHAT_INPUT, MESSAGE_MENU = 1, 3
PLAIN: Mapping[int, type | tuple[type, ...]] = {TEXT: str, WHOLE: int, FLAG: bool, NUMBER: (int, float)}

Upload = Callable[[File], Attachment]


def find(world: World, channel: Channel, name: str, kind: int) -> Json:
    """The registered command, the server's own before a global one."""
    place = channel.guild.id if channel.guild else None
    for scope in dict.fromkeys((place, None)):
        for command in world.commands.get(scope, []):
            if command["name"] == name and command["type"] == kind:
                return command
    known = sorted(c["name"] for commands in world.commands.values() for c in commands)
    raise AssertionError(f"No command {name!r} is registered; there are {', '.join(known) or 'none'}.")


def check_visible(world: World, command: Json, channel: Channel, user: User) -> None:
    """Discord hides a command from members who lack its default permissions, and from places it is not for."""
    needed = int(command.get("default_member_permissions") or 0)
    if channel.away(world.bot.id):
        context = 2 if channel.guild is None else 0
        offered = 1 in command["integration_types"] and context in (command.get("contexts") or [0, 1, 2])
        assert offered, f"/{command['name']} is not offered to who has the bot for themselves."
    elif channel.guild is None:
        contexts = command.get("contexts")
        hidden = 1 not in contexts if contexts else command.get("dm_permission") is False
        assert not hidden, f"/{command['name']} is not offered in direct messages."
    elif needed:
        bits = channel.guild.members[user.id].permissions(channel)
        assert bits & needed == needed, f"/{command['name']} is hidden from {user.name}."


def slash_data(
    world: World, channel: Channel, user: User, words: str, options: Mapping[str, object], upload: Upload
) -> Json:
    """The data of `/words` with `options`; `words` may name a group and a subcommand, as in "character save"."""
    name, *path = words.split()
    command = find(world, channel, name, CHAT_INPUT)
    check_visible(world, command, channel, user)
    level, wrappers = descend(command, path)
    resolved: Json = {}
    leaves = fill(world, channel, level, options, resolved, upload)
    for wrapper in reversed(wrappers):
        leaves = [{"name": wrapper["name"], "type": wrapper["type"], "options": leaves}]
    return envelope(command, channel) | {"options": leaves, "resolved": resolved}


def menu_data(world: World, channel: Channel, user: User, name: str, message: Message) -> Json:
    """The data of a message context menu entry used on `message`."""
    command = find(world, channel, name, MESSAGE_MENU)
    check_visible(world, command, channel, user)
    number = str(message.id)
    resolved = {"messages": {number: payloads.message(message)}}
    return envelope(command, channel) | {"target_id": number, "resolved": resolved}


def envelope(command: Json, channel: Channel) -> Json:
    data: Json = {"id": command["id"], "name": command["name"], "type": command["type"]}
    return data | ({"guild_id": command["guild_id"]} if "guild_id" in command else {})


def descend(command: Json, path: list[str]) -> tuple[Json, list[Json]]:
    """The (sub)command whose options are meant, and the groups and subcommands above its options."""
    level, wrappers = command, []
    for part in path:
        level = next((o for o in level.get("options") or [] if o["name"] == part and o["type"] <= GROUP), {})
        assert level, f"/{command['name']} has no subcommand {part!r}."
        wrappers.append(level)
    bare = any(o["type"] <= GROUP for o in level.get("options") or [])
    assert not bare, f"/{command['name']} cannot be called without a subcommand."
    return level, wrappers


def fill(
    world: World,
    channel: Channel,
    level: Json,
    given: Mapping[str, object],
    resolved: Json,
    upload: Upload,
) -> list[Json]:
    """The option values in the order in which the command declares them; fills `resolved`."""
    declared = {option["name"]: option for option in level.get("options") or []}
    unknown = set(given) - set(declared)
    assert not unknown, f"{level['name']} has no option {sorted(unknown)}; it has {sorted(declared)}."
    missing = [name for name, o in declared.items() if o.get("required") and name not in given]
    assert not missing, f"{level['name']} needs {missing}."
    return [
        {"name": name, "type": option["type"], "value": value(channel, option, given[name], resolved, upload)}
        for name, option in declared.items()
        if name in given
    ]


def value(channel: Channel, option: Json, given: Any, resolved: Json, upload: Upload) -> Any:
    kind = option["type"]
    if kind in PLAIN:
        check_plain(option, given)
        return given
    if kind == ATTACHMENT:
        attachment = upload(given)
        put(resolved, "attachments", attachment.id, payloads.attachment(attachment))
        return str(attachment.id)
    if isinstance(given, User) and kind in (USER, MENTIONABLE):
        return resolve_user(channel, given, resolved)
    if isinstance(given, Role) and kind in (ROLE, MENTIONABLE):
        return put(resolved, "roles", given.id, payloads.role(given))
    if isinstance(given, Channel) and kind == CHANNEL:
        return put(resolved, "channels", given.id, payloads.channel(given) | {"permissions": "0"})
    raise AssertionError(f"{given!r} does not fit the option {option['name']}.")


def check_plain(option: Json, given: Any) -> None:
    fits = isinstance(given, PLAIN[option["type"]]) and (option["type"] == FLAG or not isinstance(given, bool))
    assert fits, f"{given!r} does not fit the option {option['name']}."
    choices = [choice["value"] for choice in option.get("choices") or []]
    assert not choices or given in choices, f"{option['name']} offers {choices}, not {given!r}."
    size = len(given) if option["type"] == TEXT else given
    low = option.get("min_length" if option["type"] == TEXT else "min_value")
    high = option.get("max_length" if option["type"] == TEXT else "max_value")
    assert low is None or size >= low, f"{option['name']} must be at least {low}."
    assert high is None or size <= high, f"{option['name']} must be at most {high}."


def resolve_user(channel: Channel, user: User, resolved: Json) -> str:
    member: Member | None = channel.guild.members.get(user.id) if channel.guild else None
    if member is not None:
        shape = payloads.member(member, channel)
        del shape["user"]
        put(resolved, "members", user.id, shape)
    return put(resolved, "users", user.id, payloads.user(user))


def put(resolved: Json, kind: str, number: int, shape: Json) -> str:
    resolved.setdefault(kind, {})[str(number)] = shape
    return str(number)

"""The routes that need the bot's token: who am I, commands, channels, messages, members, direct messages."""

from __future__ import annotations

from tests.standin import payloads
from tests.standin.api import Answer, Call, Route
from tests.standin.errors import (
    ApiError,
    bad_form,
    not_the_author,
    unknown_guild,
    unknown_member,
    unknown_user,
)
from tests.standin.limits import check_command
from tests.standin.model import Guild, Json, Message, Permission, User, clock
from tests.standin.world import MESSAGE_CONTENT, Sync, World

READ = Permission.READ_MESSAGE_HISTORY
SEND = Permission.SEND_MESSAGES


def routes() -> list[Route]:
    """Everything that is asked with `Authorization: Bot …`."""
    messages = "/channels/{channel}/messages"
    commands = "/applications/{application}/commands"
    local = "/applications/{application}/guilds/{guild}/commands"
    reaction = messages + "/{message}/reactions/{emoji}/@me"
    return [
        Route("gateway", "GET", "/gateway", gateway, open=True),
        Route("gateway_bot", "GET", "/gateway/bot", gateway_bot),
        Route("me", "GET", "/users/@me", lambda call: payloads.user(call.world.bot)),
        Route("application", "GET", "/oauth2/applications/@me", application),
        Route("application", "GET", "/applications/@me", application),
        Route("my_guilds", "GET", "/users/@me/guilds", my_guilds),
        Route("entitlements", "GET", "/applications/{application}/entitlements", lambda call: []),
        Route("skus", "GET", "/applications/{application}/skus", lambda call: []),
        Route("list_commands", "GET", commands, list_commands),
        Route("sync_commands", "PUT", commands, sync_commands),
        Route("list_commands", "GET", local, list_commands),
        Route("sync_commands", "PUT", local, sync_commands),
        Route("open_dm", "POST", "/users/@me/channels", open_dm),
        Route("user", "GET", "/users/{user}", lambda call: payloads.user(user(call, "user"))),
        Route("guild", "GET", "/guilds/{guild}", lambda call: payloads.guild(guild(call), [])),
        Route("member", "GET", "/guilds/{guild}/members/{user}", member),
        Route("channel", "GET", "/channels/{channel}", channel),
        Route("typing", "POST", "/channels/{channel}/typing", typing),
        Route("history", "GET", messages, history),
        Route("send", "POST", messages, send),
        Route("fetch", "GET", messages + "/{message}", fetch),
        Route("edit", "PATCH", messages + "/{message}", edit),
        Route("delete", "DELETE", messages + "/{message}", delete),
        Route("react", "PUT", reaction, react),
        Route("unreact", "DELETE", reaction, unreact),
    ]


def gateway(call: Call) -> Answer:
    return {"url": call.world.base_url.replace("http", "ws", 1) + "/gateway"}


def gateway_bot(call: Call) -> Answer:
    starts = {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1}
    return {"url": call.world.base_url.replace("http", "ws", 1) + "/gateway", "shards": 1} | {
        "session_start_limit": starts
    }


def application(call: Call) -> Answer:
    bot = call.world.bot
    content = 1 << 18 if call.world.options.privileged_intents & MESSAGE_CONTENT else 0
    return {
        "id": str(bot.id),
        "name": bot.name,
        "icon": None,
        "description": "",
        "summary": "",
        "bot_public": False,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "team": None,
        "owner": payloads.user(call.world.developer),
        "flags": content,
        "rpc_origins": [],
        "bot": payloads.user(bot),
        "interactions_endpoint_url": None,
        "redirect_uris": [],
        "approximate_guild_count": len(call.world.guilds),
    }


def my_guilds(call: Call) -> Answer:
    """Servers as their list tells of them: what the bot may do in each, whatever its channels say."""
    bot = call.world.bot.id
    return [
        {"id": str(one.id), "name": one.name, "owner": False, "permissions": str(one.members[bot].permissions())}
        for one in call.world.guilds.values()
    ]


def scope(call: Call) -> int | None:
    return guild(call).id if "guild" in call.params else None


def list_commands(call: Call) -> Answer:
    return call.world.commands.get(scope(call), [])


def sync_commands(call: Call) -> Answer:
    """Replace all commands of a scope. A command of the same name and type keeps its id."""
    place = scope(call)
    wanted: list[Json] = call.payload.get("items") or []
    if len(wanted) > 110:
        raise ApiError(400, 30032, "Maximum number of application commands reached (100)")
    keys = [(command["name"], command.get("type", 1)) for command in wanted]
    if len(set(keys)) != len(keys):
        raise bad_form("name", "Application command names must be unique")
    for command in wanted:
        check_command(command)
    old = {(c["name"], c["type"]): c["id"] for c in call.world.commands.get(place, [])}
    ids = [old.get(key) or str(call.world.snowflake()) for key in keys]
    found = [stored(call.world, c, number, place) for c, number in zip(wanted, ids, strict=True)]
    call.world.commands[place] = found
    call.world.syncs.append(Sync(clock(), place, tuple(c["name"] for c in wanted)))
    call.world.pulse.ring()
    return found


def stored(world: World, command: Json, number: str, place: int | None) -> Json:
    base: Json = {"type": 1, "description": "", "options": [], "default_member_permissions": None}
    base |= {"nsfw": False, "contexts": None, "integration_types": [0]}
    base |= command | {"id": number, "application_id": str(world.bot.id), "version": str(world.snowflake())}
    return base | ({} if place is None else {"guild_id": str(place)})


def guild(call: Call) -> Guild:
    found = call.world.guilds.get(call.number("guild"))
    if found is None:
        raise unknown_guild()
    return found


def user(call: Call, name: str) -> User:
    found = call.world.users.get(call.number(name))
    if found is None:
        raise unknown_user()
    return found


def member(call: Call) -> Answer:
    found = guild(call).members.get(call.number("user"))
    if found is None:
        raise unknown_member()
    return payloads.member(found)


def open_dm(call: Call) -> Answer:
    recipient = call.world.users.get(int(call.payload["recipient_id"]))
    if recipient is None or recipient.bot:
        raise bad_form("recipient_id", "Cannot open direct messages with this user.")
    return payloads.channel(call.world.direct_messages(recipient))


def channel(call: Call) -> Answer:
    return payloads.channel(call.world.reach(call.number("channel")))


def typing(call: Call) -> Answer:
    call.world.reach(call.number("channel"), SEND)
    return None


def target(call: Call, *needs: Permission) -> Message:
    place = call.world.reach(call.number("channel"), *needs)
    return call.world.message(place, call.number("message"))


def shown(call: Call, message: Message) -> Json:
    return payloads.message(message, content=call.world.sees_content(message))


def history(call: Call) -> Answer:
    """Up to `limit` messages, newest first, `before`, `after` or `around` an id."""
    place = call.world.reach(call.number("channel"), READ)
    limit = int(call.query.get("limit", 50))
    if not 1 <= limit <= 100:
        raise bad_form("limit", "Must be between 1 and 100.")
    found = place.history
    if "before" in call.query:
        found = [m for m in found if m.id < int(call.query["before"])][-limit:]
    elif "after" in call.query:
        found = [m for m in found if m.id > int(call.query["after"])][:limit]
    elif "around" in call.query:
        centre = int(call.query["around"])
        older = [m for m in found if m.id < centre][-(limit // 2) :]
        newer = [m for m in found if m.id >= centre][: limit - limit // 2]
        found = [*older, *newer]
    else:
        found = found[-limit:]
    return [shown(call, m) for m in reversed(found)]


def send(call: Call) -> Answer:
    """A message by the channel endpoint. An enforced nonce that was used lately gives the first message back."""
    world, payload = call.world, call.payload
    place = world.reach(call.number("channel"), SEND)
    if call.files:
        world.require(place, Permission.ATTACH_FILES)
    nonce = payload.get("nonce")
    if nonce is not None and payload.get("enforce_nonce"):
        at, first = world.nonces.get((place.id, str(nonce)), (0.0, None))
        if first is not None and clock() - at <= world.options.nonce_window_s:
            return payloads.message(first) | {"nonce": nonce}
    reply_to = referenced(call)
    message = world.create_message(place, world.bot, call.draft, "channel", reply_to=reply_to)
    if nonce is not None:
        world.nonces[place.id, str(nonce)] = (clock(), message)
    return payloads.message(message) | ({} if nonce is None else {"nonce": nonce})


def referenced(call: Call) -> Message | None:
    reference = call.payload.get("message_reference")
    if not reference:
        return None
    place = call.world.channels.get(int(reference.get("channel_id") or call.params["channel"]))
    found = place.messages.get(int(reference["message_id"])) if place else None
    if (found is None or found.deleted) and reference.get("fail_if_not_exists", True):
        raise bad_form("message_reference", "Unknown message")
    return found


def fetch(call: Call) -> Answer:
    return shown(call, target(call, READ))


def edit(call: Call) -> Answer:
    message = target(call)
    if message.author is not call.world.bot:
        raise not_the_author()
    call.world.edit_message(message, call.draft, "channel")
    return payloads.message(message)


def delete(call: Call) -> Answer:
    message = target(call)
    if message.author is not call.world.bot:
        call.world.require(message.channel, Permission.MANAGE_MESSAGES)
    call.world.delete_message(message)
    return None


def react(call: Call) -> Answer:
    target(call, READ, Permission.ADD_REACTIONS).reactions.append(call.params["emoji"])
    call.world.pulse.ring()
    return None


def unreact(call: Call) -> Answer:
    message = target(call)
    if call.params["emoji"] in message.reactions:
        message.reactions.remove(call.params["emoji"])
        call.world.pulse.ring()
    return None

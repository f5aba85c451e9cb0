"""Discord's limits on what a bot sends: lengths, counts, sizes, the shape of components.

Pure checks on payloads; each raises the `ApiError` that Discord would answer with.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from tests.standin.errors import ApiError, bad_form, too_large
from tests.standin.model import COMPONENTS_V2, File, Json, walk

ROW, BUTTON, TEXT_INPUT, LABEL = 1, 2, 4, 18
SELECTS = frozenset({3, 5, 6, 7, 8})
LINK_STYLE = 5
COMMAND_NAME = re.compile(r"^[-_'\w]{1,32}$")
EMBED_LENGTHS = (("title", 256), ("description", 4096))


def check_message(payload: Json, files: Mapping[int, File], *, flags: int, upload_limit_bytes: int) -> None:
    """Check a message payload (a send, an edit or the `data` of a callback)."""
    at_most(payload.get("content") or "", 2000, "content")
    at_most(str(payload.get("nonce") or ""), 25, "nonce")
    check_files(payload, files, upload_limit_bytes)
    check_embeds(payload.get("embeds") or [])
    v2 = bool(flags & COMPONENTS_V2)
    if v2 and (payload.get("content") or payload.get("embeds")):
        raise bad_form("content", "The 'content' and 'embeds' fields cannot be used with components v2.")
    if payload.get("components"):
        check_components(payload["components"], v2=v2)


def at_most(text: str, limit: int, where: str) -> None:
    if len(text) > limit:
        raise bad_form(where, f"Must be {limit} or fewer in length.")


def check_files(payload: Json, files: Mapping[int, File], upload_limit_bytes: int) -> None:
    if any(len(file.content) > upload_limit_bytes for file in files.values()):
        raise too_large()
    if len(files) > 10 or len(payload.get("attachments") or []) > 10:
        raise ApiError(400, 30015, "Maximum number of attachments in a message reached (10)")


def check_embeds(embeds: Sequence[Json]) -> None:
    if len(embeds) > 10:
        raise bad_form("embeds", "Must be 10 or fewer in length.")
    total = 0
    for n, embed in enumerate(embeds):
        parts = [(key, embed.get(key) or "", limit) for key, limit in EMBED_LENGTHS]
        parts.append(("footer.text", (embed.get("footer") or {}).get("text") or "", 2048))
        parts.append(("author.name", (embed.get("author") or {}).get("name") or "", 256))
        fields = embed.get("fields") or []
        if len(fields) > 25:
            raise bad_form(f"embeds.{n}.fields", "Must be 25 or fewer in length.")
        for m, field in enumerate(fields):
            if not field.get("name") or not field.get("value"):
                raise bad_form(f"embeds.{n}.fields.{m}", "This field is required")
            parts += [
                (f"fields.{m}.name", field["name"], 256),
                (f"fields.{m}.value", field["value"], 1024),
            ]
        for where, text, limit in parts:
            at_most(text, limit, f"embeds.{n}.{where}")
        total += sum(len(text) for _, text, _ in parts)
    if total > 6000:
        raise bad_form("embeds", "Embed size exceeds maximum size of 6000")


def check_components(components: Sequence[Json], *, v2: bool) -> None:
    if not v2 and (len(components) > 5 or any(c["type"] != ROW for c in components)):
        raise bad_form("components", "Must be 5 or fewer action rows.")
    everything = list(walk(list(components)))
    if v2 and len(everything) > 40:
        raise bad_form("components", "A message may hold at most 40 components.")
    if sum(len(c.get("content") or "") for c in everything) > 4000:
        raise bad_form("components", "The text of all components must be 4000 or fewer in length.")
    check_ids(everything)
    for component in everything:
        if component["type"] == ROW:
            check_row(component.get("components") or [])
        elif component["type"] == BUTTON:
            check_button(component)
        elif component["type"] in SELECTS:
            check_select(component)


def check_ids(components: Sequence[Json]) -> None:
    ids = [c["custom_id"] for c in components if c.get("custom_id") is not None]
    if len(set(ids)) != len(ids):
        raise bad_form("components", "Component custom id cannot be duplicated")
    if any(not 1 <= len(one) <= 100 for one in ids):
        raise bad_form("components", "A custom_id must be between 1 and 100 in length.")


def check_row(children: Sequence[Json]) -> None:
    if not 1 <= len(children) <= 5:
        raise bad_form("components", "An action row holds 1 to 5 components.")
    if len(children) > 1 and any(c["type"] in SELECTS for c in children):
        raise bad_form("components", "A select menu fills a whole action row.")


def check_button(button: Json) -> None:
    at_most(button.get("label") or "", 80, "components.label")
    if not button.get("label") and not button.get("emoji"):
        raise bad_form("components", "A button must have a label or an emoji.")
    if (button.get("style") == LINK_STYLE) != bool(button.get("url")):
        raise bad_form("components", "A link button needs a url, and only a link button may have one.")


def check_select(select: Json) -> None:
    at_most(select.get("placeholder") or "", 150, "components.placeholder")
    options = select.get("options") or []
    if select["type"] == 3 and not 1 <= len(options) <= 25:
        raise bad_form("components.options", "Must be between 1 and 25 in length.")
    for option in options:
        at_most(option["label"], 100, "components.options.label")
        at_most(option["value"], 100, "components.options.value")
        at_most(option.get("description") or "", 100, "components.options.description")


def check_modal(data: Json) -> None:
    components = data.get("components") or []
    at_most(data.get("title") or "", 45, "title")
    if not data.get("title"):
        raise bad_form("title", "This field is required")
    if not 1 <= len(components) <= 5:
        raise bad_form("components", "A modal holds 1 to 5 components.")
    check_ids([data, *walk(components)])
    for component in walk(components):
        at_most(component.get("label") or "", 45, "components.label")
        at_most(component.get("placeholder") or "", 150, "components.placeholder")
        if component["type"] == TEXT_INPUT:
            at_most(component.get("value") or "", component.get("max_length") or 4000, "components.value")


def check_choices(choices: Sequence[Json]) -> None:
    if len(choices) > 25:
        raise bad_form("data.choices", "Must be 25 or fewer in length.")
    for choice in choices:
        if not 1 <= len(choice["name"]) <= 100 or len(str(choice["value"])) > 100:
            raise bad_form("data.choices", "A choice's name and value must be between 1 and 100 in length.")


def check_command(command: Json) -> None:
    """A command as it is registered; message and user commands may have spaces and capitals."""
    if command.get("type", 1) != 1:
        if not 1 <= len(command["name"]) <= 32:
            raise bad_form("name", "Must be between 1 and 32 in length.")
        return
    check_named(command, "")
    if len(command.get("options") or []) > 25:
        raise bad_form("options", "Must be 25 or fewer in length.")


def check_named(thing: Json, where: str) -> None:
    name = thing["name"]
    if not COMMAND_NAME.match(name) or name != name.lower():
        raise bad_form(f"{where}name", "Command name is invalid")
    if not 1 <= len(thing.get("description") or "") <= 100:
        raise bad_form(f"{where}description", "Must be between 1 and 100 in length.")
    required = [bool(o.get("required")) for o in thing.get("options") or []]
    if required != sorted(required, reverse=True):
        raise bad_form(f"{where}options", "Required options must be placed before non-required options")
    for n, option in enumerate(thing.get("options") or []):
        check_named(option, f"{where}options.{n}.")
        if len(option.get("choices") or []) > 25:
            raise bad_form(f"{where}options.{n}.choices", "Must be 25 or fewer in length.")

"""From a request's JSON and files to what a message then shows.

Pure: resolves `attachment://` links, keeps and drops attachments as an edit asks, numbers components, and works
out who would be pinged. Nothing here stores or sends.
"""

from __future__ import annotations

import copy
import io
import mimetypes
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import quote

from PIL import Image, UnidentifiedImageError

from tests.standin.errors import bad_form, empty_message
from tests.standin.model import COMPONENTS_V2, LOADING, Attachment, Body, File, Json, texts, walk

SETTABLE_FLAGS = (1 << 2) | (1 << 6) | (1 << 12) | COMPONENTS_V2
EVERYONE = re.compile(r"@(everyone|here)")
USER_MENTION = re.compile(r"<@!?(\d+)>")
ROLE_MENTION = re.compile(r"<@&(\d+)>")


@dataclass(frozen=True, slots=True)
class Draft:
    """A message as a request brings it: the JSON fields it names and its files by number."""

    payload: Json
    files: Mapping[int, File] = field(default_factory=dict)


Store = Callable[[File], Attachment]


def make_attachment(number: int, file: File, place: str) -> Attachment:
    """An attachment served under `place` (a URL without the file's name)."""
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    width, height = picture_size(file.content)
    url = f"{place}/{quote(file.name)}"
    return Attachment(number, file.name, file.content, url, kind, width, height, file.description)


@lru_cache(maxsize=512)
def picture_size(content: bytes) -> tuple[int, int] | tuple[None, None]:
    """Width and height in pixels, or two Nones for what is no picture. Reads the header alone.

    Even that takes seconds for a picture that means harm: it is done once for each.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            with Image.open(io.BytesIO(content)) as picture:
                return picture.size
        except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError):
            return None, None


def compose(draft: Draft, before: Body, store: Store) -> Body:
    """What a message shows after `draft` on top of `before` (an empty Body for a new message)."""
    payload = draft.payload
    attachments = merged_attachments(draft, before, store)
    named = {a.name: a for a in attachments}
    content = payload["content"] or "" if "content" in payload else before.content
    embeds, components = before.embeds, before.components
    if "embeds" in payload:
        embeds = tuple(resolve_embed(e, named) for e in payload["embeds"] or [])
    if "components" in payload:
        components = number(resolve_media(copy.deepcopy(payload["components"] or []), named))
    flags = before.flags & ~LOADING | int(payload.get("flags") or 0) & SETTABLE_FLAGS
    body = Body(content, embeds, components, attachments, flags)
    if not (content or embeds or attachments or (components and flags & COMPONENTS_V2)):
        raise empty_message()
    return body


def merged_attachments(draft: Draft, before: Body, store: Store) -> tuple[Attachment, ...]:
    """New files are added; of the old ones those stay that `attachments` names, or all if it is missing."""
    listed = draft.payload.get("attachments")
    old = {a.id: a for a in before.attachments}
    notes = {int(entry["id"]): entry for entry in listed or []}
    kept = list(old.values()) if listed is None else [old[n] for n in notes if n in old]
    fresh = []
    for n, file in sorted(draft.files.items()):
        note = notes.get(n, {})
        fresh.append(store(File(note.get("filename") or file.name, file.content, note.get("description"))))
    unknown = [n for n in notes if n not in old and n not in draft.files]
    if unknown:
        raise bad_form("attachments", f"Attachment {unknown[0]} is neither on the message nor uploaded.")
    return (*kept, *fresh)


def resolve_embed(embed: Json, named: Mapping[str, Attachment]) -> Json:
    embed = {**copy.deepcopy(embed), "type": embed.get("type") or "rich"}
    for part, key in (("image", "url"), ("thumbnail", "url"), ("author", "icon_url"), ("footer", "icon_url")):
        if embed.get(part) and embed[part].get(key):
            embed[part] |= media(embed[part][key], named, key, f"embeds.{part}")
    return embed


def resolve_media(components: list[Json], named: Mapping[str, Attachment]) -> list[Json]:
    """Replace the `attachment://` links of galleries, thumbnails and files, in place."""
    for component in walk(components):
        holders = component.get("items") or [component]
        for holder in holders:
            for part in ("media", "file"):
                if isinstance(holder.get(part), dict):
                    holder[part] |= media(holder[part]["url"], named, "url", "components.media")
    return components


def media(url: str, named: Mapping[str, Attachment], key: str, where: str) -> Json:
    """The served address of `url`. A link to a file that is not there is an error here; Discord shows nothing."""
    if not url.startswith("attachment://"):
        return {key: url}
    attachment = named.get(url.removeprefix("attachment://"))
    if attachment is None:
        raise bad_form(where, f"{url} names no attachment of this message.")
    found: Json = {key: attachment.url, f"proxy_{key}": attachment.url}
    if key == "url":
        found |= {"width": attachment.width, "height": attachment.height}
    if where.startswith("components"):
        found |= {"attachment_id": str(attachment.id), "content_type": attachment.content_type}
        found |= {"loading_state": 2}
    return found


def number(components: list[Json]) -> tuple[Json, ...]:
    """Give each component that has none an id, as Discord does."""
    for n, component in enumerate(walk(components), start=1):
        component.setdefault("id", n)
    return tuple(components)


def shown_elsewhere(body: Body) -> set[str]:
    """Addresses that embeds and components show; Discord leaves those files out of `attachments`."""
    urls = {(embed.get(part) or {}).get("url") for embed in body.embeds for part in ("image", "thumbnail")}
    for component in walk(body.components):
        for holder in component.get("items") or [component]:
            urls |= {holder[part]["url"] for part in ("media", "file") if isinstance(holder.get(part), dict)}
    return {url for url in urls if url}


def pings(body: Body, allowed: Json | None, replied_to: int | None = None) -> frozenset[str]:
    """Who is pinged when a message with `body` is created; permissions and code blocks are ignored.

    No `allowed` (Discord's `allowed_mentions`) means that every written mention pings. Embeds never ping.
    """
    written = "\n".join(texts(Body(content=body.content, components=body.components)))
    found = {f"@{m}" for m in EVERYONE.findall(written)}
    users = set(USER_MENTION.findall(written))
    roles = set(ROLE_MENTION.findall(written))
    if allowed is None:
        extra = {f"<@{replied_to}>"} if replied_to else set()
        return frozenset(found | {f"<@{u}>" for u in users} | {f"<@&{r}>" for r in roles} | extra)
    parse: Sequence[str] = allowed.get("parse") or []
    result = found if "everyone" in parse else set()
    listed_users = {str(u) for u in allowed.get("users") or []}
    listed_roles = {str(r) for r in allowed.get("roles") or []}
    result |= {f"<@{u}>" for u in users if "users" in parse or u in listed_users}
    result |= {f"<@&{r}>" for r in roles if "roles" in parse or r in listed_roles}
    if replied_to and allowed.get("replied_user"):
        result.add(f"<@{replied_to}>")
    return frozenset(result)

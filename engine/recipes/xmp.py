"""What tools write into XMP. It is searched, not parsed: no reader of XML has to be trusted with a stranger's."""

from __future__ import annotations

import html
from typing import Final

PLACES: Final = {
    "dc:description": "xmp:description",
    "exif:UserComment": "xmp:UserComment",
    "xmp:CreatorTool": "xmp:CreatorTool",
    "iptcExt:DigImageGUID": "xmp:DigImageGUID",
    "Iptc4xmpExt:DigImageGUID": "xmp:DigImageGUID",
    "parameters:parameters": "xmp:parameters",
}


def texts(packet: str) -> dict[str, str]:
    """The texts of the few properties that are known, by their places."""
    found: dict[str, str] = {}
    for name, place in PLACES.items():
        if place not in found and (text := _element(packet, name) or _attribute(packet, name)):
            found[place] = text
    return found


def _element(packet: str, name: str) -> str:
    """The text of the first element of that name, without the tags inside it."""
    start = packet.find(f"<{name}")
    opened = packet.find(">", start) if start >= 0 else -1
    if opened < 0 or packet[opened - 1] == "/":
        return ""
    end = packet.find(f"</{name}>", opened)
    inner = packet[opened + 1 : end if end >= 0 else opened + 1]
    # Alternatives in other languages say the same again: the first is the default.
    return html.unescape(_without_tags(inner.partition("</rdf:li>")[0])).strip()


def _attribute(packet: str, name: str) -> str:
    _, there, rest = packet.partition(f' {name}="')
    value, closed, _ = rest.partition('"')
    return html.unescape(value).strip() if there and closed else ""


def _without_tags(text: str) -> str:
    first, *others = text.split("<")
    return first + "".join(other.partition(">")[2] for other in others)

"""The public address of members' galleries, as the settings say it, and what must be so for that."""

import ipaddress
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

PATH: Final = "/gallery"
"""Everything of the galleries lies below this path."""
_PORTS: Final = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class PublicAddress:
    """Where browsers find the galleries: `host` in small letters, `origin` as browsers write it."""

    scheme: str
    host: str
    origin: str

    @property
    def is_secure(self) -> bool:
        return self.scheme == "https"

    def link(self, secret: str) -> str:
        """Where a secret is exchanged. It stands behind the #, which no browser sends and no log has."""
        return f"{self.origin}{PATH}/open#{secret}"


def public_address(text: str) -> PublicAddress:
    """Reads "https://portraits.example.org". Raises ValueError with a clause."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(f"{text} is no address such as https://portraits.example.org") from None
    if parts.scheme not in _PORTS or not host or "@" in parts.netloc or not parts.netloc.isascii():
        raise ValueError(f"{text} is no address such as https://portraits.example.org")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError(
            f"{text} names more than a host: leave out what follows it, the galleries are at {PATH} below it"
        )
    if parts.scheme == "http" and not _is_this_machine(host):
        raise ValueError(f"{text} is not encrypted: it has to begin with https:// unless it is of this machine alone")
    shown = f"[{host}]" if ":" in host else host
    with_port = "" if port in (None, _PORTS[parts.scheme]) else f":{port}"
    return PublicAddress(parts.scheme, host, f"{parts.scheme}://{shown}{with_port}")


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

"""Where the status page listens, as the settings say it, and what must be so for that."""

import ipaddress
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

LEAST_TOKEN: Final = 16
_LOOPBACK: Final = "localhost"


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """A host and a port; 0 is any that is free."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether nobody on another machine can reach it."""
        if self.host == _LOOPBACK:
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def listen_address(text: str) -> ListenAddress:
    """Reads "127.0.0.1:8080" or "[::1]:8080". Raises ValueError with a clause."""
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or port is None or parts.netloc != text or "@" in text:
        raise ValueError(f"{text} is no address and port, such as 127.0.0.1:8080 or [::1]:8080")
    return ListenAddress(host, port)


def check(text: str, token: str) -> None:
    """Raises ValueError with a clause for what must not be served."""
    address = listen_address(text)
    if token and (len(token) < LEAST_TOKEN or not token.isascii() or not token.isprintable() or " " in token):
        raise ValueError(
            f"STATUS_TOKEN needs {LEAST_TOKEN} characters or more, letters and digits; "
            'python -c "import secrets; print(secrets.token_urlsafe(24))" makes one'
        )
    if not token and not address.is_loopback:
        raise ValueError(
            f"STATUS_LISTEN is {text}, which other machines may reach, and STATUS_TOKEN is empty. Set a token, or "
            "listen on 127.0.0.1"
        )

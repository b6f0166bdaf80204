"""Asking an HTTP server whether it serves."""

from urllib.error import URLError
from urllib.request import urlopen

ASK_TIMEOUT_S = 3.0


def says_ok(url: str) -> bool:
    """Whether the address answers 200."""
    try:
        with urlopen(url, timeout=ASK_TIMEOUT_S) as answer:  # noqa: S310 - our own address
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False

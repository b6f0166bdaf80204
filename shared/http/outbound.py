"""The one way out: requests to addresses that somebody outside has chosen, so that they reach nothing inside.

The guard stands where the connection is made. Whatever a name resolves to is judged, and the judged address itself is
connected to, so that a second answer of the DNS (rebinding) changes nothing; TLS still proves the name. Redirects are
answers like any other, no proxy is taken from the environment, and size and time are bounded.
After the OWASP cheat sheet on server-side request forgery, and the IANA registries of special-purpose addresses.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpcore

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

MAX_ANSWER_BYTES = 64 * 1024
TIMEOUT_S = 10.0
CONNECT_S = 3.0
MAX_URL_CHARACTERS = 2000

PUBLIC_V6 = ipaddress.ip_network("2000::/3")
"""Global unicast. What embeds IPv4 elsewhere (mapped, compatible, NAT64) lies outside of it."""
CLOSED: tuple[Network, ...] = tuple(
    ipaddress.ip_network(text)
    for text in (
        "192.0.0.0/24",  # protocol assignments; a cloud's metadata among them
        "192.88.99.0/24",  # 6to4 relays
        "168.63.129.16/32",  # a cloud's metadata under a public address
        "2001::/23",  # protocol assignments, Teredo
        "2002::/16",  # 6to4: any IPv4 address inside
        "3fff::/20",  # documentation
    )
)
"""What Python's own tables call global, or did until lately, and leads inside."""


class OutboundRefused(Exception):
    """Not an address to go to. Nothing was sent. The code names the rule, never the address."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class OutboundFailed(Exception):
    """It was tried and no whole answer came; whether it arrived is not known unless the code is NOT_CONNECTED."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back. A status of 3xx was not followed."""

    status: int
    content: bytes


def is_public(address: Address, allowed: Iterable[Network] = ()) -> bool:
    """Whether a request may go to this address; `allowed` are networks that the operator has opened on purpose."""
    if any(address in network for network in allowed if network.version == address.version):
        return True
    if any(address in network for network in CLOSED if network.version == address.version):
        return False
    if isinstance(address, ipaddress.IPv6Address) and address not in PUBLIC_V6:
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


@dataclass(frozen=True)
class Outbound:
    """Sends, within the rules. `allowed` opens private networks; `plain` also takes http, for local mode alone."""

    allowed: tuple[Network, ...] = ()
    plain: bool = False
    tls: ssl.SSLContext | None = None
    timeout_s: float = TIMEOUT_S
    max_bytes: int = MAX_ANSWER_BYTES

    def check(self, url: str) -> None:
        """Refuse an address as it is written, where somebody hands it in; raises OutboundRefused."""
        self._parts(url)

    async def post(self, url: str, content: bytes, headers: Mapping[str, str]) -> Answered:
        """Send once and answer what came back; raises OutboundRefused or OutboundFailed."""
        self._parts(url)
        pool = httpcore.AsyncConnectionPool(
            ssl_context=self.tls or ssl.create_default_context(),
            network_backend=_Pinned(self.allowed),
            max_keepalive_connections=0,
        )
        try:
            async with asyncio.timeout(self.timeout_s), pool:
                return await self._exchange(pool, url, content, headers)
        except (httpcore.ConnectError, httpcore.ConnectTimeout):
            raise OutboundFailed("NOT_CONNECTED") from None
        except (TimeoutError, httpcore.TimeoutException):
            raise OutboundFailed("TIMEOUT") from None
        except (httpcore.NetworkError, httpcore.ProtocolError):
            raise OutboundFailed("BROKEN_OFF") from None

    async def _exchange(
        self, pool: httpcore.AsyncConnectionPool, url: str, content: bytes, headers: Mapping[str, str]
    ) -> Answered:
        timeouts = {"connect": CONNECT_S, "read": self.timeout_s, "write": self.timeout_s, "pool": self.timeout_s}
        sent = {**headers, "Content-Length": str(len(content)), "Accept-Encoding": "identity"}
        extensions: dict[str, Any] = {"timeout": timeouts}
        async with pool.stream("POST", url, headers=list(sent.items()), content=content, extensions=extensions) as came:
            got = b""
            async for part in came.aiter_stream():
                got += part
                if len(got) > self.max_bytes:
                    raise OutboundFailed("ANSWER_TOO_LARGE")
            return Answered(came.status, got)

    def _parts(self, url: str) -> SplitResult:
        """The URL in its parts, where every reader of it would find the same ones."""
        if (
            len(url) > MAX_URL_CHARACTERS
            or not url.isascii()
            or not url.isprintable()
            or set(url) & set(" \\<>\"'`{}|^")
        ):
            raise OutboundRefused("BAD_URL")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise OutboundRefused("BAD_URL") from None
        if parts.scheme != "https" and not (self.plain and parts.scheme == "http"):
            raise OutboundRefused("NOT_HTTPS")
        if not parts.hostname or port == 0 or "@" in parts.netloc or parts.fragment or "%" in parts.netloc:
            raise OutboundRefused("BAD_URL")
        return parts


class _Pinned(httpcore.AsyncNetworkBackend):
    """Connects to what it has judged. A name of which one address is closed is refused as a whole."""

    def __init__(self, allowed: tuple[Network, ...]) -> None:
        self._allowed = allowed
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await resolve(host, port)
        if not addresses or not all(is_public(address, self._allowed) for address in addresses):
            raise OutboundRefused("ADDRESS_NOT_ALLOWED")
        for address in addresses[:-1]:
            try:
                return await self._network.connect_tcp(str(address), port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._network.connect_tcp(str(addresses[-1]), port, timeout, local_address, socket_options)


async def resolve(host: str, port: int) -> list[Address]:
    """All that the name stands for now. An odd spelling of an address (octal, one number) resolves like a name."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise OutboundFailed("NOT_CONNECTED") from None
    return [ipaddress.ip_address(str(where[0]).partition("%")[0]) for *_, where in found]

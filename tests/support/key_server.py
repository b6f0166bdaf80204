"""Where an issuer's keys are fetched from, in a test's hand: it changes, counts, stalls, and goes away."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from deploy.local.ports import LOOPBACK, free_ports


class KeyServer:
    """A real HTTP server at one address for the whole test. `up` and `down` may be called again and again."""

    def __init__(self, key_set: Mapping[str, Any]) -> None:
        self.key_set, self.fetched, self.stalls = key_set, 0, False
        self._port = free_ports(1)[0]
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """What a service's settings name."""
        return f"http://{LOOPBACK}:{self._port}/jwks"

    async def up(self) -> None:
        """Answer from now on."""
        self._server = await asyncio.start_server(self._answer, LOOPBACK, self._port)

    async def down(self) -> None:
        """Refuse connections from now on."""
        if self._server:
            self._server.close()
            self._server = None

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.fetched += 1
        if self.stalls:
            await reader.read()  # until the other side has had enough
        body = json.dumps(self.key_set).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        await writer.drain()
        writer.close()

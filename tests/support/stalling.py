"""A way to a server that stops passing anything on, as a frozen process or a black hole in the network does: the
connections stand, and no byte comes back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class Stalling:
    """Passes bytes on while it flows."""

    host: str
    port: int
    uri: str = ""
    flowing: asyncio.Event = field(default_factory=asyncio.Event)
    _carrying: set["asyncio.Task[None]"] = field(default_factory=set)

    def stall(self) -> None:
        """From now on nothing gets through, in neither direction."""
        self.flowing.clear()

    def flow(self) -> None:
        """Go on, with what was held up meanwhile."""
        self.flowing.set()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        there_reader, there_writer = await asyncio.open_connection(self.host, self.port)
        for source, sink in ((reader, there_writer), (there_reader, writer)):
            task = asyncio.create_task(self._carry(source, sink))
            self._carrying.add(task)
            task.add_done_callback(self._carrying.discard)

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while some := await source.read(65_536):
                await self.flowing.wait()
                sink.write(some)
                await sink.drain()
        except OSError:
            pass
        finally:
            sink.close()

    def end(self) -> None:
        """Cut all connections."""
        for task in self._carrying:
            task.cancel()


@asynccontextmanager
async def stalling(mongo_uri: str) -> AsyncIterator[Stalling]:
    """Between a client and the database at this address; `uri` leads through it."""
    parts = urlsplit(mongo_uri)
    way = Stalling(parts.hostname or "", parts.port or 27017)
    way.flow()
    server = await asyncio.start_server(way.accept, "127.0.0.1", 0)
    address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    account = parts.netloc.rpartition("@")[0]
    # Straight to this member: by the set's own list of members the driver would go round us.
    query = "&".join(each for each in parts.query.split("&") if not each.startswith("replicaSet="))
    way.uri = f"mongodb://{account + '@' if account else ''}{address}/?directConnection=true&{query}"
    try:
        yield way
    finally:
        server.close()
        way.end()

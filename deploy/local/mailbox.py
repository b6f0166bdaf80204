"""A mail server for demo and tests: real SMTP in, one `.eml` file per message, nothing goes any further.

python -m deploy.local.mailbox --dir .pulang/mail --port 2525
"""

import argparse
import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from enum import StrEnum
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session


class Behaviour(StrEnum):
    """How the server answers. All but `accept`, `defer` and `refuse` keep the message and never say so."""

    ACCEPT = "accept"
    DEFER = "defer"
    """451 to the recipient: come back later."""
    REFUSE = "refuse"
    """550 to the recipient: never."""
    DROP = "drop"
    """Takes the message, then breaks the connection instead of answering."""
    STALL = "stall"
    """Takes the message, then stays silent."""


class Mailbox:
    """The messages that arrived, as files of one folder. `behaviour` may be changed at any time."""

    def __init__(self, folder: Path, behaviour: Behaviour = Behaviour.ACCEPT) -> None:
        self.folder = folder
        self.behaviour = behaviour
        folder.mkdir(parents=True, exist_ok=True)

    def messages(self) -> list[EmailMessage]:
        """All messages, oldest first."""
        return read_mailbox(self.folder)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Answer to one recipient."""
        if self.behaviour is Behaviour.DEFER:
            return "451 4.3.0 try again later"
        if self.behaviour is Behaviour.REFUSE:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep the message, then answer, or not."""
        self._keep(envelope.original_content or b"")
        if self.behaviour is Behaviour.DROP and isinstance(server.transport, asyncio.Transport):
            server.transport.abort()
        if self.behaviour is Behaviour.STALL:
            await asyncio.Event().wait()
        return "250 OK"

    def _keep(self, content: bytes) -> None:
        name = f"{len(list(self.folder.glob('*.eml'))):06}-{uuid.uuid4().hex[:8]}"
        part = self.folder / f"{name}.part"
        part.write_bytes(content)
        part.rename(part.with_suffix(".eml"))  # whoever looks never sees half a message


def read_mailbox(folder: Path) -> list[EmailMessage]:
    """The messages in a mailbox's folder, oldest first."""
    files = sorted(folder.glob("*.eml"))
    return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]


@asynccontextmanager
async def serving(mailbox: Mailbox, port: int = 0) -> AsyncIterator[int]:
    """Serve the mailbox on 127.0.0.1; answers the port."""
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(mailbox, hostname="localhost", ident="Pulang mailbox"), "127.0.0.1", port
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def _serve_for_ever(mailbox: Mailbox, port: int) -> None:
    async with serving(mailbox, port) as bound:
        print(f"mailbox on 127.0.0.1:{bound}, messages in {mailbox.folder}", flush=True)
        await asyncio.Event().wait()


def main() -> None:
    """Run it as a process, until it is interrupted."""
    parser = argparse.ArgumentParser(description="A mail server that keeps every message as a file.")
    parser.add_argument("--dir", type=Path, required=True, help="the folder of the messages")
    parser.add_argument("--port", type=int, default=0, help="0: any free one; it is printed")
    parser.add_argument("--behaviour", type=Behaviour, choices=list(Behaviour), default=Behaviour.ACCEPT)
    options = parser.parse_args()
    try:
        asyncio.run(_serve_for_ever(Mailbox(options.dir, options.behaviour), options.port))
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()

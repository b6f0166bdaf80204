"""Handing one message to a real mail server, in every mood that a server can have."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from deploy.local.mailbox import Behaviour, Mailbox, read_mailbox, serving
from deploy.local.ports import free_ports
from services.notify.domain.address_book import Recipient
from services.notify.domain.channel import Channel
from services.notify.domain.delivery import Delivery
from services.notify.domain.template import Text
from services.notify.domain.variables import Language
from services.notify.mail import Letterhead, MailServer, Verdict, hand_over
from tests.support.pure import NOW

pytestmark = pytest.mark.integration

TEXT = Text("Perkara NTT-2026-048213: perlu tindakan", "Perkara NTT-2026-048213 — perlu tindakan.\n.\n…\n")
DELIVERY = Delivery(
    id="019f3f2a-6d3c-7c1e-9d53-2f6f1c0e8a13", event_id="e", notice="n", office="LPSK-53", recipient="LPSK-53/desk",
    channel=Channel.EMAIL, correlation_id="c",
)  # fmt: skip
DESK = Recipient(id="desk", email="desk@lpsk.example", language=Language.ID)
MESSAGE = Letterhead("pulang@ntt.example", "balas@ntt.example").compose(DELIVERY, DESK, TEXT, NOW)


@pytest.fixture
async def mailbox(tmp_path: Path) -> AsyncIterator[tuple[Mailbox, MailServer]]:
    box = Mailbox(tmp_path)
    async with serving(box) as port:
        yield box, MailServer("127.0.0.1", port, tls="none", step_s=1.0)


async def test_an_accepted_message_reads_as_it_was_written(mailbox: tuple[Mailbox, MailServer]) -> None:
    box, server = mailbox
    assert await hand_over(server, MESSAGE) == Verdict("ACCEPTED")
    [got] = box.messages()
    headers = {name: str(got[name]) for name in ("From", "To", "Reply-To", "Subject", "Auto-Submitted", "Message-ID")}
    assert headers == {
        "From": "pulang@ntt.example",
        "To": "desk@lpsk.example",
        "Reply-To": "balas@ntt.example",
        "Subject": TEXT.subject,
        "Auto-Submitted": "auto-generated",
        "Message-ID": f"<{DELIVERY.id}@ntt.example>",
    }
    assert (got.get_content_type(), got.get_content_charset()) == ("text/plain", "utf-8")
    assert got.get_content().splitlines() == TEXT.body.splitlines()


@pytest.mark.parametrize(
    ("behaviour", "verdict", "kept"),
    [
        (Behaviour.DEFER, Verdict("DEFERRED", "SMTP_451"), 0),
        (Behaviour.REFUSE, Verdict("REFUSED", "SMTP_550"), 0),
        (Behaviour.DROP, Verdict("UNKNOWN", "OUTCOME_UNKNOWN"), 1),
        (Behaviour.STALL, Verdict("UNKNOWN", "OUTCOME_UNKNOWN"), 1),
    ],
)
async def test_what_a_server_does_becomes_one_verdict(
    mailbox: tuple[Mailbox, MailServer], behaviour: Behaviour, verdict: Verdict, kept: int
) -> None:
    box, server = mailbox
    box.behaviour = behaviour
    assert await hand_over(server, MESSAGE) == verdict
    assert len(box.messages()) == kept


async def test_without_a_server_the_message_can_be_tried_again() -> None:
    server = MailServer("127.0.0.1", free_ports(1)[0], tls="none", step_s=1.0)
    assert await hand_over(server, MESSAGE) == Verdict("DEFERRED", "UNREACHABLE")


async def test_a_server_without_the_encryption_that_is_asked_for_gets_nothing(
    mailbox: tuple[Mailbox, MailServer],
) -> None:
    box, server = mailbox
    demanding = MailServer(server.host, server.port, tls="starttls", step_s=1.0)
    assert (await hand_over(demanding, MESSAGE)).outcome == "DEFERRED"
    assert box.messages() == []


@pytest.mark.parametrize(
    ("script", "verdict"),
    [
        (["220 hi", "250 hi", "250 ok", "250 ok", "354 go", "451 not now"], Verdict("DEFERRED", "SMTP_451")),
        (["220 hi", "250 hi", "250 ok", "250 ok", "354 go", "554 never"], Verdict("REFUSED", "SMTP_554")),
        (["220 hi", "250 hi", "250 ok", "250 ok", "451 not now"], Verdict("DEFERRED", "SMTP_451")),
        (["220 hi", "250 hi", "550 not you"], Verdict("REFUSED", "SMTP_550")),
        (["554 closed"], Verdict("DEFERRED", "SMTP_554")),
        (["220 hi", "250 hi", "250 ok"], Verdict("DEFERRED", "UNREACHABLE")),
        (["nonsense"], Verdict("DEFERRED", "UNREACHABLE")),
        (["220 hi", "250 hi", "250 ok", "250 ok", "354 go", "nonsense"], Verdict("UNKNOWN", "OUTCOME_UNKNOWN")),
    ],
)
async def test_each_reply_counts_where_it_comes(script: list[str], verdict: Verdict) -> None:
    """Before the message anything but yes leaves it with us; after it only a reply does."""
    async with await asyncio.start_server(reciting(script), "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert await hand_over(MailServer("127.0.0.1", port, tls="none", step_s=1.0), MESSAGE) == verdict


def reciting(script: list[str]) -> Any:
    """A server that says one line of the script for each turn of the client, then hangs up."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for line in script:
            writer.write(f"{line}\r\n".encode())
            await writer.drain()
            await reader.readuntil(b"\r\n.\r\n" if line.startswith("354") else b"\r\n")
        writer.close()

    return talk


async def test_the_mailbox_runs_as_a_process_too(tmp_path: Path) -> None:
    command = (sys.executable, "-m", "deploy.local.mailbox", "--dir", str(tmp_path / "mail"))
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout
    try:
        first_line = (await asyncio.wait_for(process.stdout.readline(), 20)).decode()
        found = re.search(r"127\.0\.0\.1:(\d+)", first_line)
        assert found
        server = MailServer("127.0.0.1", int(found[1]), tls="none", step_s=2.0)
        assert (await hand_over(server, MESSAGE)).outcome == "ACCEPTED"
    finally:
        process.terminate()
        await process.wait()
    assert [str(mail["To"]) for mail in read_mailbox(tmp_path / "mail")] == ["desk@lpsk.example"]

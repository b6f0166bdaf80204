"""E-mail: how a notice becomes a message, and how a message is handed to a server."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime
from typing import NamedTuple

from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)

from services.notify.domain.address_book import Recipient
from services.notify.domain.delivery import Delivery, Outcome, Reason
from services.notify.domain.template import Text


class Verdict(NamedTuple):
    """What came of handing a message over."""

    outcome: Outcome
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where messages are handed in. `step_s` bounds everything before the message itself, and the message."""

    host: str
    port: int
    tls: str = "starttls"
    """`none`, `starttls` or `implicit`."""
    username: str | None = None
    password: str | None = None
    step_s: float = 20.0

    def client(self) -> SMTP:
        """A client that has not connected yet."""
        return SMTP(
            hostname=self.host,
            port=self.port,
            username=self.username,
            password=self.password,
            use_tls=self.tls == "implicit",
            start_tls=self.tls == "starttls",
            local_hostname="localhost" if self.host == "127.0.0.1" else None,
            timeout=self.step_s,
        )

    @property
    def attempt_s(self) -> float:
        """By then an attempt is over, with room for a slow machine."""
        return 3 * self.step_s


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Who writes. `sender` is also where bounces go."""

    sender: str
    reply_to: str | None = None

    def compose(self, delivery: Delivery, recipient: Recipient, text: Text, now: datetime) -> EmailMessage:
        """The message. Its id follows from the delivery, so that two copies would be known as one."""
        message = EmailMessage(policy=policy.SMTP)
        message["From"] = self.sender
        message["To"] = recipient.email
        message["Subject"] = text.subject
        message["Date"] = format_datetime(now)
        message["Message-ID"] = f"<{delivery.id}@{self.sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no robot answers it
        if self.reply_to:
            message["Reply-To"] = self.reply_to
        message.set_content(text.body, charset="utf-8", cte="quoted-printable")
        message["Content-Language"] = recipient.language  # after the content, which clears its headers
        return message


async def hand_over(server: MailServer, message: EmailMessage) -> Verdict:
    """Give the message to the server, once. Never raises for what a server or a network does."""
    client = server.client()
    try:
        refused = await _introduce(client, server, message)
        return refused or await _transfer(client, server, message)
    finally:
        client.close()


async def _introduce(client: SMTP, server: MailServer, message: EmailMessage) -> Verdict | None:
    """Everything before the message: whatever fails here, the server certainly has nothing."""
    try:
        async with asyncio.timeout(server.step_s):
            await client.connect()
            await client.mail(str(message["From"]))
            await client.rcpt(str(message["To"]))
    except (SMTPSenderRefused, SMTPRecipientRefused) as error:
        return _refusal(error.code)
    except SMTPResponseException as error:  # greeting, TLS, sign-in: about the server, not about this message
        return Verdict(Outcome.DEFERRED, f"SMTP_{error.code}" if error.code > 0 else Reason.UNREACHABLE)
    except (SMTPException, OSError, TimeoutError):
        return Verdict(Outcome.DEFERRED, Reason.UNREACHABLE)
    return None


async def _transfer(client: SMTP, server: MailServer, message: EmailMessage) -> Verdict:
    """The message itself. A reply is an answer; silence or a broken line leaves it open whether it arrived."""
    try:
        async with asyncio.timeout(server.step_s):
            await client.data(message.as_bytes())
    except SMTPDataError as error:
        return _refusal(error.code)
    except (SMTPException, OSError, TimeoutError):
        return Verdict(Outcome.UNKNOWN, Reason.OUTCOME_UNKNOWN)
    await _goodbye(client.quit())
    return Verdict(Outcome.ACCEPTED)


def _refusal(code: int) -> Verdict:
    """RFC 5321 §4.2.1: 4yz is not now, 5yz is never; in both the server did not take the message."""
    if 400 <= code < 500:
        return Verdict(Outcome.DEFERRED, f"SMTP_{code}")
    if 500 <= code < 600:
        return Verdict(Outcome.REFUSED, f"SMTP_{code}")
    return Verdict(Outcome.UNKNOWN, Reason.OUTCOME_UNKNOWN)


async def _goodbye(quit_: Awaitable[object]) -> None:
    try:
        async with asyncio.timeout(2):
            await quit_
    except (SMTPException, OSError, TimeoutError):
        return  # the message is accepted already

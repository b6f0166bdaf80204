"""From an event to the office's inbox and mailbox, on the real database and a real mail server."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from deploy.local.mailbox import Behaviour
from services.notify.domain.delivery import Delivery
from services.notify.domain.notice import Notice
from shared.kernel.errors import Reject
from shared.kernel.ids import new_id
from tests.support.notify import CASE_NO, LPSK, POLRI, UPTD, Notify, desk, notify, progressed, states

pytestmark = pytest.mark.integration

A_WHILE = timedelta(hours=5)


@pytest.fixture
async def ours(mongo_uri: str, unique: str, tmp_path: Path) -> AsyncIterator[Notify]:
    async with notify(mongo_uri, unique, tmp_path) as fresh:
        await fresh.write_down(UPTD, desk())
        yield fresh


async def test_an_event_becomes_one_mail_and_one_notice_in_the_inbox(ours: Notify) -> None:
    await ours.apply(progressed())
    assert await ours.sender.round() is False
    [mail] = ours.mailbox.messages()
    [notice] = await ours.all(Notice)
    [delivery] = await ours.mails()
    assert (mail["To"], mail["Subject"]) == ("desk@uptd.example", f"Perkara {CASE_NO}: ada perkembangan")
    assert f"https://pulang.example/v1/inbox/{notice.id}" in mail.get_content()
    assert mail["Message-ID"] == f"<{delivery.id}@ntt.example>"
    assert states([delivery]) == [("SENT", None, 1)]
    kinds = [(type_.split(".")[-2], data["channel"]) for type_, data in await ours.published()]
    assert sorted(kinds) == [("sent", "EMAIL"), ("sent", "IN_APP")]


async def test_each_recipient_is_written_to_in_their_own_language(ours: Notify) -> None:
    await ours.write_down(UPTD, desk("satu", "id"), desk("two", "en"))
    await ours.apply(progressed())
    await ours.sender.round()
    subjects = {
        str(mail["To"]): (str(mail["Content-Language"]), str(mail["Subject"])) for mail in ours.mailbox.messages()
    }
    assert subjects == {
        "satu@uptd.example": ("id", f"Perkara {CASE_NO}: ada perkembangan"),
        "two@uptd.example": ("en", f"Case {CASE_NO}: there is news"),
    }


async def test_an_event_that_comes_again_sends_nothing_again(ours: Notify) -> None:
    id_ = new_id()
    for _ in range(3):
        await ours.apply(progressed(), id_)
        await ours.sender.round()
    assert len(ours.mailbox.messages()) == len(await ours.mails()) == len(await ours.all(Notice)) == 1


async def test_even_without_the_inbox_row_a_second_delivery_cannot_be_saved(ours: Notify) -> None:
    """The unique key stands behind the inbox: a replay after the inbox has forgotten is refused, not sent."""
    id_ = new_id()
    await ours.apply(progressed(), id_)
    await ours.sender.round()
    await ours.runtime.mongo.collection("inbox").delete_many({})
    await ours.apply(progressed(), id_)
    await ours.sender.round()
    assert len(ours.mailbox.messages()) == len(await ours.mails()) == 1
    [head] = await ours.runtime.mongo.collection("parked_heads").find({}).to_list(None)
    assert head["reason"] == "DUPLICATE_KEY"


async def test_after_a_restart_nothing_is_sent_again(mongo_uri: str, unique: str, tmp_path: Path) -> None:
    id_ = new_id()
    async with notify(mongo_uri, unique, tmp_path) as first:
        await first.write_down(UPTD, desk())
        await first.apply(progressed(), id_)
        await first.sender.round()
    async with notify(mongo_uri, unique, tmp_path) as second:
        second.offset = first.offset
        await second.apply(progressed(), id_)
        await second.sender.round()
        assert len(second.mailbox.messages()) == 1
        assert states(await second.mails()) == [("SENT", None, 1)]


async def test_two_senders_at_once_send_each_mail_once(ours: Notify) -> None:
    for _ in range(12):
        await ours.apply(progressed())
    while any(await asyncio.gather(*(ours.sender.round() for _ in range(4)))):
        pass
    await ours.sender.round()
    assert len(ours.mailbox.messages()) == 12
    assert {str(mail["Message-ID"]) for mail in ours.mailbox.messages()} == {
        f"<{delivery.id}@ntt.example>" for delivery in await ours.mails()
    }
    assert set(states(await ours.mails())) == {("SENT", None, 1)}


async def test_a_deferred_mail_waits_and_is_sent_later(ours: Notify) -> None:
    ours.mailbox.behaviour = Behaviour.DEFER
    await ours.apply(progressed())
    await ours.sender.round()
    assert states(await ours.mails()) == [("PENDING", "SMTP_451", 1)]
    ours.mailbox.behaviour = Behaviour.ACCEPT
    await ours.sender.round()
    assert ours.mailbox.messages() == []
    ours.later = A_WHILE
    await ours.sender.round()
    assert states(await ours.mails()) == [("SENT", None, 2)]
    assert len(ours.mailbox.messages()) == 1


@pytest.mark.parametrize(
    ("behaviour", "state", "reason", "arrived"),
    [
        (Behaviour.REFUSE, "FAILED", "SMTP_550", 0),
        (Behaviour.DROP, "UNKNOWN", "OUTCOME_UNKNOWN", 1),
        (Behaviour.STALL, "UNKNOWN", "OUTCOME_UNKNOWN", 1),
    ],
)
async def test_what_failed_or_may_have_arrived_is_never_sent_again_and_somebody_has_to_call(
    ours: Notify, behaviour: Behaviour, state: str, reason: str, arrived: int
) -> None:
    ours.mailbox.behaviour = behaviour
    await ours.apply(progressed())
    await ours.sender.round()
    ours.mailbox.behaviour = Behaviour.ACCEPT
    ours.later = A_WHILE
    await ours.sender.round()
    assert states(await ours.mails()) == [(state, reason, 1)]
    assert len(ours.mailbox.messages()) == arrived
    [undeliverable] = [data for type_, data in await ours.published() if "undeliverable" in type_]
    assert (undeliverable["reason"], undeliverable["case_ref"], undeliverable["agency"]) == (reason, "case-1", UPTD)


async def test_a_delivery_whose_sender_vanished_becomes_unknown(ours: Notify) -> None:
    ours.mailbox.behaviour = Behaviour.STALL
    await ours.apply(progressed())
    attempt = asyncio.create_task(ours.sender.round())
    while not ours.mailbox.messages():
        await asyncio.sleep(0.01)
    attempt.cancel()  # the process is gone between the message and its answer
    await asyncio.gather(attempt, return_exceptions=True)
    assert [state for state, *_ in states(await ours.mails())] == ["SENDING"]
    ours.mailbox.behaviour = Behaviour.ACCEPT
    await ours.sender.round()
    assert [state for state, *_ in states(await ours.mails())] == ["SENDING"], "its time is not over"
    ours.later = A_WHILE
    await ours.sender.round()
    assert states(await ours.mails()) == [("UNKNOWN", "OUTCOME_UNKNOWN", 1)]
    assert len(ours.mailbox.messages()) == 1


async def test_an_office_nobody_can_write_to_has_its_notice_and_a_row_in_the_log(ours: Notify) -> None:
    await ours.apply(progressed(lead="DINSOS-53.71"))
    [notice] = await ours.all(Notice)
    assert (notice.office, states(await ours.mails())) == ("DINSOS-53.71", [("FAILED", "NO_RECIPIENT", 0)])


async def test_a_recipient_taken_out_meanwhile_gets_nothing(ours: Notify) -> None:
    await ours.apply(progressed())
    await ours.write_down(UPTD, desk("other"))
    await ours.sender.round()
    assert ours.mailbox.messages() == []
    assert states(await ours.mails()) == [("FAILED", "RECIPIENT_GONE", 0)]


async def test_no_document_but_the_address_book_holds_an_address(ours: Notify) -> None:
    await ours.apply(progressed())
    await ours.sender.round()
    database = ours.runtime.mongo.client[ours.runtime.mongo.database]
    for name in await database.list_collection_names():
        found = await database[name].find({}).to_list(None)
        assert ("desk@uptd.example" in repr(found)) is (name == "address_books"), name


async def test_mails_about_lpsk_and_about_others_read_alike(ours: Notify) -> None:
    for agency in (LPSK, POLRI):
        await ours.apply(progressed(agency))
    await ours.sender.round()
    texts = [mail.get_content().splitlines()[0] for mail in ours.mailbox.messages()]
    assert len(texts) == 2
    assert len(set(texts)) == 1


async def test_the_log_keeps_each_attempt(ours: Notify) -> None:
    ours.mailbox.behaviour = Behaviour.DEFER
    await ours.apply(progressed())
    await ours.sender.round()
    [delivery] = await ours.mails()
    lines = await ours.runtime.reader.timeline([(Delivery, delivery.id)])
    assert sorted((line["version"], line["code"]) for line in lines) == [
        (1, "DELIVERY_PENDING"), (2, "DELIVERY_SENDING"), (3, "DELIVERY_PENDING"),
    ]  # fmt: skip
    with pytest.raises(Reject, match="ATTEMPT_OVER"):
        delivery.settle(1, "ACCEPTED", None, ours.sender.clock())  # type: ignore[arg-type]

"""A delivery's life: at most once, and honest about what nobody knows."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.commands import (
    AbandonDelivery,
    ClaimDelivery,
    MarkRead,
    RecordOutcome,
    SetAddressBook,
    commands,
)
from services.notify.domain.address_book import AddressBook, Recipient
from services.notify.domain.backoff import ATTEMPTS, LONGEST, delay_after
from services.notify.domain.delivery import Delivery, Outcome, State
from services.notify.domain.notice import About, Notice
from shared.events.notice_v1 import NoticeSent, NoticeUndeliverable
from shared.kernel.errors import Reject
from tests.support.pure import NOW, World

OFFICE = "UPTD_PPA-53.71"
UNTIL = NOW + timedelta(seconds=60)
DESK = Recipient(id="desk", email="desk@uptd.example")
BOOK = AddressBook(id=OFFICE, version=1, recipients=(DESK,))
DELIVERY = Delivery(
    id="d-1", version=1, event_id="event-1", notice="n-1", office=OFFICE, recipient=f"{OFFICE}/desk", channel="EMAIL",
    correlation_id="corr-1", case_ref="case-1",
)  # fmt: skip
NOTICE = Notice(
    id="n-1", version=1, event_id="event-1", office=OFFICE, template="case_news", values={"case_no": "NTT-2026-048213"},
    about=About(kind="CASE", ref="case-1"), happened_at=NOW,
)  # fmt: skip
CLAIM = ClaimDelivery("d-1", NOW, UNTIL)


def world(*given_: object) -> World:
    return World(commands, given_ or (DELIVERY, BOOK, NOTICE))  # type: ignore[arg-type]


def outcome(what: Outcome, reason: str | None = None, attempt: int = 1) -> RecordOutcome:
    return RecordOutcome("d-1", attempt, what, reason, NOW)


def test_a_claimed_delivery_cannot_be_claimed_again() -> None:
    here = world()
    assert here.run(CLAIM).answer.state is State.SENDING
    with pytest.raises(Reject, match="NOT_DUE"):
        here.run(CLAIM)


def test_a_delivery_whose_recipient_is_gone_is_not_sent() -> None:
    work = world(DELIVERY, BOOK.evolve(recipients=(DESK.model_copy(update={"active": False}),))).run(CLAIM)
    assert (work.answer.state, work.answer.reason) == (State.FAILED, "RECIPIENT_GONE")
    assert isinstance(work.events[0].data, NoticeUndeliverable)


@pytest.mark.parametrize(
    ("what", "reason", "state", "published"),
    [
        (Outcome.ACCEPTED, None, State.SENT, NoticeSent),
        (Outcome.REFUSED, "SMTP_550", State.FAILED, NoticeUndeliverable),
        (Outcome.UNKNOWN, "OUTCOME_UNKNOWN", State.UNKNOWN, NoticeUndeliverable),
    ],
)
def test_an_attempt_ends_in_one_state_and_one_event(what: Outcome, reason: str, state: State, published: type) -> None:
    here = world()
    here.run(CLAIM)
    work = here.run(outcome(what, reason))
    assert (work.answer.state, work.answer.reason, [type(e.data) for e in work.events]) == (state, reason, [published])
    for late in (outcome(Outcome.ACCEPTED), CLAIM):
        with pytest.raises(Reject):
            here.run(late)


def test_a_deferred_delivery_waits_before_its_next_attempt() -> None:
    here = world()
    here.run(CLAIM)
    work = here.run(outcome(Outcome.DEFERRED, "SMTP_451"))
    assert (work.answer.state, work.answer.reason, work.events) == (State.PENDING, "SMTP_451", [])
    with pytest.raises(Reject, match="NOT_DUE"):
        here.run(CLAIM)
    later = work.answer.try_at
    assert here.run(ClaimDelivery("d-1", later, later + timedelta(seconds=60))).answer.attempts == 2


def test_a_word_on_an_earlier_attempt_is_refused() -> None:
    here = world()
    here.run(CLAIM)
    here.run(outcome(Outcome.DEFERRED, "SMTP_451"))
    here.run(ClaimDelivery("d-1", NOW + LONGEST, NOW + 2 * LONGEST))
    with pytest.raises(Reject, match="ATTEMPT_OVER"):
        here.run(outcome(Outcome.ACCEPTED, attempt=1))


def test_a_delivery_deferred_too_often_expires() -> None:
    tired = DELIVERY.evolve(state=State.SENDING, attempts=ATTEMPTS)
    work = world(tired).run(outcome(Outcome.DEFERRED, "SMTP_451", attempt=ATTEMPTS))
    assert (work.answer.state, work.answer.reason) == (State.FAILED, "EXPIRED")


def test_the_delays_grow_and_end_after_about_two_days() -> None:
    delays = [delay for delay in map(delay_after, range(1, ATTEMPTS)) if delay is not None]
    assert delays == sorted(delays)
    assert delay_after(ATTEMPTS) is None
    assert timedelta(hours=36) < sum(delays, timedelta()) < timedelta(hours=60)


def test_a_delivery_left_in_the_middle_becomes_unknown_and_somebody_has_to_find_out() -> None:
    here = world()
    here.run(CLAIM)
    with pytest.raises(Reject, match="ATTEMPT_RUNNING"):
        here.run(AbandonDelivery("d-1", UNTIL - timedelta(seconds=1)))
    work = here.run(AbandonDelivery("d-1", UNTIL))
    assert (work.answer.state, work.answer.reason) == (State.UNKNOWN, "OUTCOME_UNKNOWN")
    [published] = work.events
    assert isinstance(published.data, NoticeUndeliverable)
    assert (published.data.reason, published.data.case_ref) == ("OUTCOME_UNKNOWN", "case-1")


STEPS = st.lists(
    st.sampled_from(
        [CLAIM, ClaimDelivery("d-1", NOW + LONGEST, UNTIL + LONGEST), AbandonDelivery("d-1", UNTIL + LONGEST)]
    )
    | st.builds(outcome, st.sampled_from(Outcome), st.sampled_from([None, "SMTP_451"]), st.integers(1, 3)),
    max_size=20,
)


@given(STEPS)
def test_after_a_possible_arrival_nothing_is_ever_sent_again(steps: list[object]) -> None:
    """INVARIANT: no claim succeeds once an attempt was accepted, refused or lost; and only one end is published."""
    here, ends, claims_after_end = world(), 0, 0
    for step in steps:
        try:
            work = here.run(step)
        except Reject:
            continue
        claims_after_end += bool(ends and isinstance(step, ClaimDelivery))
        ends += len(work.events)
    assert claims_after_end == 0
    assert ends <= 1


def test_each_member_has_an_own_read_mark() -> None:
    here = world()
    for person in ("p-1", "p-2", "p-1"):
        notice = here.run(MarkRead("n-1", person)).answer
    assert [mark.person for mark in notice.reads] == ["p-1", "p-2"]
    assert notice.version == 3


def test_loading_the_same_entries_again_changes_nothing() -> None:
    here = World(commands, [])
    assert here.run(SetAddressBook(OFFICE, (DESK,))).answer.recipients == (DESK,)
    assert not here.run(SetAddressBook(OFFICE, (DESK,))).changed
    other = DESK.model_copy(update={"language": "en"})
    [changed] = here.run(SetAddressBook(OFFICE, (other,))).changed.values()
    assert (changed.version, changed.recipients) == (2, (other,))


@pytest.mark.parametrize(
    "second", [{"id": "desk", "email": "other@uptd.example"}, {"id": "other", "email": "DESK@uptd.example"}]
)
def test_two_entries_never_share_an_id_or_an_address(second: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="share"):
        AddressBook(id=OFFICE, recipients=(DESK, Recipient(**second)))


@pytest.mark.parametrize(
    "address", ["", "desk", "desk@", "a@b\nBcc: c@d", "two@a, three@b", "Meja <desk@uptd.example>"]
)
def test_an_address_is_one_plain_address(address: str) -> None:
    with pytest.raises(ValueError, match="email"):
        Recipient(id="desk", email=address)

"""Which offices are told of what."""

from datetime import timedelta
from typing import Any

import pytest

from services.notify.domain.address_book import AddressBook, Recipient
from services.notify.domain.catalogue import Catalogue, catalogue
from services.notify.domain.delivery import Delivery
from services.notify.domain.notice import Notice
from services.notify.domain.rule import Rule
from services.notify.domain.template import Template
from services.notify.handlers import handlers
from services.notify.texts import load_catalogue
from shared.events import case_v1, intake_v1
from shared.events.notice_v1 import NoticeSent, NoticeUndeliverable
from shared.kernel.work import Work
from tests.support.pure import NOW, World, event

BOOK = handlers(load_catalogue())
CASE = {"occurred_at": NOW, "case_ref": "case-1", "case_no": "NTT-2026-048213"}
UPTD, LPSK, POLRI = "UPTD_PPA-53.71", "LPSK-53", "POLRI-53"


def address_book(office: str, *languages: str, active: bool = True) -> AddressBook:
    recipients = tuple(
        Recipient(
            id=f"desk-{n}",
            email=f"desk{n}@{office.lower().replace('_', '-')}.example",
            language=language,
            active=active,
        )
        for n, language in enumerate(languages)
    )
    return AddressBook(id=office, version=1, recipients=recipients)


def told(data: Any, *books: AddressBook) -> Work:
    return World(BOOK, books).handle(event(data))


def of(kind: type, work: Work) -> list[Any]:
    return [aggregate for aggregate in work.changed.values() if isinstance(aggregate, kind)]


def progressed(agency: str) -> case_v1.FileProgressed:
    return case_v1.FileProgressed(**CASE, file_ref="file-1", agency=agency, lead=UPTD, stage="SUBMITTED")


def breached(owner: str, sender: str, referral_ref: str | None = "referral-1") -> case_v1.ClockBreached:
    return case_v1.ClockBreached(
        **CASE, clock_ref="clock-1", referral_ref=referral_ref, owner=owner, sender=sender, due_at=NOW, rung=0
    )


@pytest.mark.parametrize(
    ("referral", "about"), [("referral-1", ("REFERRAL", "referral-1")), (None, ("CASE", "case-1"))]
)
def test_a_notice_of_a_missed_deadline_opens_what_waits_for_the_answer(referral: str | None, about: object) -> None:
    notices = of(Notice, told(breached(LPSK, UPTD, referral)))
    assert [(each.about.kind, each.about.ref) for each in notices] == [about, about]


def test_an_interdiction_is_told_to_each_office_that_it_names() -> None:
    offices = ("NAKER_PROV-53", "GT_KAB-53.02", POLRI, UPTD)
    data = intake_v1.InterdictionRecorded(
        occurred_at=NOW - timedelta(minutes=40), interdiction_ref="stop-1", agency="NAKER_PROV-53", checkpoint="KOE",
        destination="61.71", people=9, origins={"53.02": 5, "53.03": 4}, recruiters=1, offices=offices,
    )  # fmt: skip
    work = told(data, *(address_book(office, "id") for office in offices))
    assert {n.office for n in of(Notice, work)} == set(offices)
    assert sorted((d.office, d.channel, d.state) for d in of(Delivery, work)) == sorted(
        (office, channel, state) for office in offices for channel, state in (("IN_APP", "SENT"), ("EMAIL", "PENDING"))
    )
    assert {n.values["checkpoint"] for n in of(Notice, work)} == {"KOE"}


def test_a_review_of_a_hold_is_told_to_who_placed_it_and_is_about_everybody_it_holds() -> None:
    data = intake_v1.HoldReviewDue(
        occurred_at=NOW, hold_ref="hold-1", subject_refs=("P-004", "P-005"), agency="DPO-53", due_at=NOW
    )
    [notice] = of(Notice, told(data, address_book("DPO-53", "id")))
    assert (notice.office, notice.about.kind, notice.about.ref) == ("DPO-53", "HOLD", "hold-1")
    assert notice.refs == ("P-004", "P-005"), "so that it is not there for whom one of them is not"


def test_an_office_named_twice_is_told_once() -> None:
    data = intake_v1.ScreeningCompleted(
        occurred_at=NOW,
        subject_ref="s-1",
        report_ref="r-1",
        round=1,
        state="PRESUMED_VICTIM",
        risk="R1_DARURAT",
        offices=(UPTD, UPTD),
    )
    assert len(of(Notice, told(data))) == 1


def test_a_person_who_needs_nobody_at_once_is_told_to_nobody() -> None:
    data = intake_v1.SubjectRegistered(
        occurred_at=NOW, subject_ref="s-1", report_ref="r-1", source="INTERDICTION", agency="NAKER_PROV-53", sex="M",
        age_band="25-34", as_child=False, kabupaten="53.02", state="REGISTERED",
    )  # fmt: skip
    assert not told(data).changed


def test_every_entry_of_an_office_gets_its_own_delivery() -> None:
    work = told(progressed(POLRI), address_book(UPTD, "id", "en"))
    mails = [d for d in of(Delivery, work) if d.channel == "EMAIL"]
    assert sorted(d.recipient for d in mails) == [f"{UPTD}/desk-0", f"{UPTD}/desk-1"]
    assert [d.entry for d in mails] == ["desk-0", "desk-1"]


@pytest.mark.parametrize("books", [[], [address_book(UPTD, "id", active=False)], [address_book(POLRI, "id")]])
def test_an_office_without_an_address_keeps_its_notice_and_somebody_is_asked_to_call(books: list[AddressBook]) -> None:
    work = told(progressed(POLRI), *books)
    assert [n.office for n in of(Notice, work)] == [UPTD]
    failed = [d for d in of(Delivery, work) if d.channel == "EMAIL"]
    assert [(d.state, d.reason, d.recipient) for d in failed] == [("FAILED", "NO_RECIPIENT", UPTD)]
    undeliverable = [e.data for e in work.events if isinstance(e.data, NoticeUndeliverable)]
    assert [(u.reason, u.case_ref, u.agency, u.channel) for u in undeliverable] == [
        ("NO_RECIPIENT", "case-1", UPTD, "EMAIL")
    ]


def test_what_stands_in_the_inbox_counts_as_sent() -> None:
    work = told(progressed(POLRI), address_book(UPTD, "id"))
    assert [(e.data.channel, e.data.cause_id) for e in work.events if isinstance(e.data, NoticeSent)] == [
        ("IN_APP", "event-1")
    ]


def test_a_file_without_a_lead_is_told_to_nobody() -> None:
    data = progressed(POLRI).model_copy(update={"lead": None})
    assert not told(data).changed


def test_news_of_every_agency_reads_alike() -> None:
    """Nothing shows that it is LPSK whose file moved (UU 31/2014 Art 41)."""
    answer = {**CASE, "referral_ref": "ref-1", "sender": UPTD}
    events = [progressed(agency) for agency in (LPSK, POLRI, "BP3MI-53")]
    events += [case_v1.ReferralAccepted(**answer, agency=agency) for agency in (LPSK, POLRI)]  # type: ignore[misc]
    events += [case_v1.ReferralRejected(**answer, agency=agency, reason="NO_CAPACITY") for agency in (LPSK, POLRI)]  # type: ignore[misc]
    notices = [of(Notice, told(data))[0] for data in events]
    assert {(n.template, *n.values.items()) for n in notices} == {("case_news", ("case_no", "NTT-2026-048213"))}


def test_a_referral_goes_to_the_office_that_is_asked() -> None:
    data = case_v1.ReferralSent(
        **CASE,
        referral_ref="ref-1",
        sender=UPTD,
        agency=LPSK,
        purpose="PROTECTION",
        urgency="R1_DARURAT",
        due_at=NOW + timedelta(days=1),
    )
    [notice] = of(Notice, told(data))
    assert (notice.office, notice.about.kind, notice.about.ref) == (LPSK, "REFERRAL", "ref-1")
    assert set(notice.values) == {"case_no", "due"}


def test_a_missed_deadline_is_told_to_both_sides_in_different_words() -> None:
    notices = of(Notice, told(breached(owner=LPSK, sender=UPTD)))
    assert {(n.office, n.template) for n in notices} == {(LPSK, "deadline_missed"), (UPTD, "answer_overdue")}


def test_an_office_that_waits_for_itself_is_told_once() -> None:
    [notice] = of(Notice, told(breached(owner=UPTD, sender=UPTD)))
    assert (notice.office, notice.template) == (UPTD, "deadline_missed")


def test_each_delivery_has_a_business_key_of_its_own() -> None:
    work = told(breached(owner=UPTD, sender=LPSK), address_book(UPTD, "id", "en"), address_book(LPSK, "id"))
    keys = {(d.event_id, d.recipient, d.channel) for d in of(Delivery, work)}
    assert len(keys) == len(of(Delivery, work)) == 5
    assert Delivery.unique == (("event_id", "recipient", "channel"),)


def one_rule(**changes: Any) -> Catalogue:
    words = {"id": "Perkara {case_no}", "en": "Case {case_no}"}
    rule = {
        "event": case_v1.FileProgressed.type, "offices": ["lead"], "template": "t", "values": {"case_no": "case_no"},
        "about": {"kind": "CASE", "ref": "case_ref"}, "channels": ["IN_APP"],
    }  # fmt: skip
    link = {"id": "{link}", "en": "{link}"}
    templates = [
        Template.model_validate({"code": "t", "subject": words, "body": words}),
        Template.model_validate({"code": "neutral", "subject": link, "body": link}),
    ]
    return catalogue([Rule.model_validate({**rule, **changes})], templates)


def test_a_rule_for_an_unknown_event_does_not_start() -> None:
    with pytest.raises(ValueError, match="no event type"):
        handlers(one_rule(event="id.pulang.case.file.vanished.v1"))


def test_a_rule_that_looks_at_an_unknown_field_does_not_start() -> None:
    with pytest.raises(ValueError, match="has no fields"):
        handlers(one_rule(offices=["neighbour"]))

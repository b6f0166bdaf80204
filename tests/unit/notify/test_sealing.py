"""What is told of a sealed case: in the inbox, where policies show it to those named alone, and to no address."""

from typing import Any

import pytest

from services.notify.commands import ClaimDelivery, commands
from services.notify.domain.delivery import Delivery, State
from services.notify.domain.notice import About, Notice
from services.notify.handlers import handlers
from services.notify.texts import load_catalogue
from shared.events import case_v1, intake_v1
from shared.events.staff_v1 import SealPublished
from shared.security import seals
from shared.security.seals import Seal
from tests.support.pure import NOW, World, event
from tests.unit.notify.test_deliveries import BOOK as ADDRESSES
from tests.unit.notify.test_deliveries import CLAIM, DELIVERY, OFFICE, UNTIL
from tests.unit.notify.test_handlers import UPTD, address_book, of

RULES = handlers(load_catalogue()).including(commands, seals.projection)


def published(ref: str = "case-1", **changes: Any) -> SealPublished:
    body: dict[str, Any] = {
        "occurred_at": NOW,
        "ref": ref,
        "seal_ref": "seal-1",
        "kind": "CASE",
        "people": ("O-20",),
        "offices": (),
        "active": True,
        "since": NOW,
    }
    return SealPublished(**(body | changes))


def sealed(ref: str = "case-1", **changes: Any) -> Seal:
    return seals.seal_from(published(ref, **changes)).evolve(version=1)


def drafted() -> case_v1.CaseDrafted:
    return case_v1.CaseDrafted(
        occurred_at=NOW,
        case_ref="case-1",
        case_no="NTT-2026-048213",
        subject_ref="P-004",
        proposed_lead=UPTD,
        host="53.71",
        risk=None,
    )


@pytest.mark.parametrize(
    ("seal", "channels"),
    [
        (None, ["IN_APP", "EMAIL"]),
        (sealed(), ["IN_APP"]),
        (sealed("P-004"), ["IN_APP"]),
        (sealed(offices=(UPTD,)), ["IN_APP", "EMAIL"]),
        (sealed(active=False), ["IN_APP", "EMAIL"]),
    ],
)
def test_no_mail_goes_to_an_address_that_is_not_named(seal: Seal | None, channels: list[str]) -> None:
    work = World(RULES, [address_book(UPTD, "id"), *([seal] if seal else [])]).handle(event(drafted()))
    assert [delivery.channel.value for delivery in of(Delivery, work)] == channels
    [notice] = of(Notice, work)
    assert (notice.refs, notice.concerns()) == (("case-1", "P-004"), ("case|case-1", "subject|P-004"))


def test_a_notice_about_a_person_is_known_to_be() -> None:
    screened = intake_v1.ScreeningCompleted(
        occurred_at=NOW,
        subject_ref="P-004",
        report_ref="I-1",
        round=2,
        state="PRESUMED_VICTIM",
        risk="R2_TINGGI",
        offices=(UPTD,),
    )
    work = World(RULES, [address_book(UPTD, "id"), sealed("P-004", kind="SUBJECT")]).handle(event(screened))
    assert [delivery.channel.value for delivery in of(Delivery, work)] == ["IN_APP"]


def test_a_mail_that_waits_is_withdrawn_and_nobody_has_to_call() -> None:
    waiting = DELIVERY.evolve(case_ref=None, named=(About(kind="SUBJECT", ref="P-004"),))
    claim = ClaimDelivery("d-1", NOW, UNTIL, waiting.refs)
    work = World(RULES, [waiting, ADDRESSES, sealed("P-004", kind="SUBJECT")]).run(claim)
    assert (work.answer.state, work.events) == (State.WITHDRAWN, [])


def test_so_is_one_of_which_only_the_case_is_known() -> None:
    claim = ClaimDelivery("d-1", NOW, UNTIL, DELIVERY.refs)
    assert World(RULES, [DELIVERY, ADDRESSES, sealed()]).run(claim).answer.state is State.WITHDRAWN


def test_a_mail_to_an_office_that_is_named_leaves() -> None:
    claim = ClaimDelivery("d-1", NOW, UNTIL, DELIVERY.refs)
    assert World(RULES, [DELIVERY, ADDRESSES, sealed(offices=(OFFICE,))]).run(claim).answer.state is State.SENDING
    assert World(RULES, [DELIVERY, ADDRESSES]).run(CLAIM).answer.state is State.SENDING


def test_an_older_state_of_a_seal_changes_nothing() -> None:
    known = sealed().evolve(told_at=event(published()).time.replace(year=2027))
    assert World(RULES, [known]).handle(event(published(active=False))).changed == {}
    work = World(RULES, [sealed()]).handle(event(published(people=("O-20", "O-29"))))
    [told] = of(Seal, work)
    assert (told.people, told.version) == (("O-20", "O-29"), 2)

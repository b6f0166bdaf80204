"""A draft gets its lead and its manager, and opens."""

from datetime import timedelta

import pytest

from services.cases.commands import TakeCase
from shared.kernel.context import Actor
from shared.kernel.errors import Kind, Reject
from tests.support.pure import NOW
from tests.unit.cases.builders import LEAD, LPSK, MANAGER, draft, emitted, opened, world


def test_who_takes_a_draft_manages_it_and_their_office_leads() -> None:
    work = world([draft(consent_known=True)]).run(TakeCase("case-1"), MANAGER)
    assert (work.answer.state, work.answer.lead, work.answer.manager) == ("OPEN", LEAD, "O-20")
    assert emitted(work) == ["CaseOpened"]


def test_it_stays_a_draft_until_the_person_has_been_asked() -> None:
    work = world([draft()]).run(TakeCase("case-1"), MANAGER)
    assert (work.answer.state, work.answer.manager) == ("DRAFT", "O-20")
    assert emitted(work) == []


def test_a_taken_draft_cannot_be_taken_again() -> None:
    w = world([draft()])
    w.run(TakeCase("case-1"), MANAGER)
    with pytest.raises(Reject, match="ILLEGAL_MOVE"):
        w.run(TakeCase("case-1"), Actor("O-21", LEAD, frozenset({"CASE_MANAGER"})))


def test_an_open_case_names_its_legal_moves() -> None:
    with pytest.raises(Reject, match="ILLEGAL_MOVE") as refused:
        world([opened()]).run(TakeCase("case-1"), MANAGER)
    assert (refused.value.kind, refused.value.legal_moves) == (Kind.ILLEGAL_MOVE, ())


def test_another_office_cannot_take_it() -> None:
    with pytest.raises(Reject, match="NOT_THE_LEAD"):
        world([draft()]).run(TakeCase("case-1"), LPSK)


def test_nothing_is_said_to_happen_in_the_future() -> None:
    with pytest.raises(Reject, match="IN_THE_FUTURE"):
        world([draft()]).run(TakeCase("case-1", NOW + timedelta(minutes=6)), MANAGER)

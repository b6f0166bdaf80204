"""An agency's facts build its file, in whatever order they come."""

import ast
from datetime import date, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services import cases
from services.cases.catalogue import timeline_label
from services.cases.commands import TakeCase
from services.cases.domain.agency_file import AgencyFile
from services.cases.domain.case import Grant
from services.cases.domain.consent import ConsentState
from services.cases.domain.task import Task
from services.cases.workflows import workflow_for
from shared.events import partner_v1 as p
from shared.events.partner_v1 import PartnerFact
from shared.events.registry import models_of
from shared.kernel.acting import CLOCKS_DIFFER
from shared.kernel.context import Actor
from shared.kernel.errors import Kind, Reject
from shared.kernel.work import Work
from tests.support.pure import NOW, World, event
from tests.unit.cases.builders import draft, emitted, opened, world

CASE_NO = "NTT-2026-048213"
NUMBERS = {"BP3MI": "KP-040/2026", "POLRI": "LP/B/6/V/2026/SPKT/POLDA NTT", "LPSK": "PP.01/2026"}


def at(hour: int) -> datetime:
    return NOW - timedelta(days=1) + timedelta(hours=hour)


def fact(kind: type[PartnerFact], hour: int, **body: Any) -> PartnerFact:
    number = NUMBERS[workflow_for(kind.type).agency or ""]
    return kind(**({"occurred_at": at(hour), "foreign_no": number, "case_no": CASE_NO} | body))


RETURN = (
    fact(p.ReturnNeedReported, 1, country="MY"),
    fact(p.ReturnInTransit, 2, leg="KUL-SUB"),
    fact(p.ReturnArrived, 3, checkpoint="KOE"),
    fact(p.ReturnHandedToFamily, 4, ba_no="BA-12/2026", witnessed=True),
)
CRIMINAL = (
    fact(p.ReportRegistered, 1, model="B"),
    fact(p.InvestigationStarted, 2, warrant_no="SP.Sidik/180"),
    fact(p.SpdpSent, 3, document_no="SPDP/9"),
    fact(p.FileCompleted, 4, document_no="P-21/3"),
)
PROTECTION = (
    fact(p.ProtectionSubmitted, 1, applicant="VICTIM"),
    fact(p.ProtectionFoundIncomplete, 2, missing=["ID_COPY"]),
    fact(p.ProtectionDecided, 3, accepted=True, decision_no="KEP-1"),
    fact(p.AgreementSigned, 4, signed_on=date(2026, 5, 13)),
)
FEEDS = {"BP3MI": (RETURN, "HANDED_TO_FAMILY"), "POLRI": (CRIMINAL, "P21_COMPLETE")} | {
    "LPSK": (PROTECTION, "AGREEMENT_SIGNED")
}


def granted() -> World:
    """A case that all three agencies may see."""
    grants = tuple(Grant(agency=f"{code}-53", referral_ref=f"r-{code}", consents=()) for code in NUMBERS)
    return world([opened(state="ACTIVE", grants=grants)])


def tell(w: World, body: PartnerFact, id_: str | None = None) -> Work:
    return w.handle(event(body, id_=id_ or f"{body.type}-1"))


def file_of(w: World, code: str) -> AgencyFile:
    file = w.overlay.current(AgencyFile.by(agency_code=code, foreign_no=NUMBERS[code]))
    assert isinstance(file, AgencyFile)
    return file


def test_every_partner_fact_has_a_workflow_and_a_rule() -> None:
    for type_ in models_of(["partner_v1"]):
        assert workflow_for(type_).agency


@pytest.mark.parametrize("code", NUMBERS)
@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_any_order_ends_in_the_same_stage_with_history_as_it_happened(code: str, order: tuple[int, ...]) -> None:
    facts, last = FEEDS[code]
    w = granted()
    for index in order:
        tell(w, facts[index])
    file = file_of(w, code)
    assert (file.stage, file.version) == (last, 4)
    assert [told.type for told in file.facts] == [each.type for each in facts]


def test_a_first_fact_begins_the_file_and_is_published_by_stage_alone() -> None:
    w = granted()
    work = tell(w, RETURN[2])
    assert emitted(work) == ["AgencyPointer", "FileProgressed"]
    pointer, progressed = work.events
    assert (pointer.topic, pointer.key, pointer.data.agency) == ("agency-bp2mi", CASE_NO, "BP3MI-53")
    assert (progressed.key, progressed.data.stage, progressed.data.lead) == ("case-1", "ARRIVED_NTT", "UPTD_PPA-53.71")
    assert "KOE" not in progressed.data.model_dump_json()


def test_an_older_fact_fills_the_history_and_moves_nothing() -> None:
    w = granted()
    tell(w, RETURN[2])
    work = tell(w, RETURN[1])
    file = file_of(w, "BP3MI")
    assert (file.stage, file.version) == ("ARRIVED_NTT", 2)
    assert [told.moved for told in file.facts] == [False, True]
    assert emitted(work) == ["AgencyPointer"]


def test_later_facts_may_leave_the_case_number_out() -> None:
    w = granted()
    tell(w, RETURN[0])
    tell(w, RETURN[1].model_copy(update={"case_no": None}))
    assert file_of(w, "BP3MI").stage == "IN_TRANSIT"


@pytest.mark.parametrize(
    "changes",
    [{"case_no": None}, {"case_no": "NTT-2026-999999"}],
)
def test_a_number_that_we_have_not_seen_needs_a_case(changes: dict[str, Any]) -> None:
    with pytest.raises(Reject, match="UNKNOWN_REFERENCE") as refused:
        tell(granted(), RETURN[0].model_copy(update=changes))
    assert refused.value.kind is Kind.UNKNOWN


def test_an_agency_that_was_never_asked_gets_the_same_answer() -> None:
    w = world([opened(grants=(Grant(agency="LPSK-53", referral_ref="r", consents=()),))])
    with pytest.raises(Reject, match="UNKNOWN_REFERENCE"):
        tell(w, RETURN[0])


def test_a_number_of_another_case_gets_the_same_answer() -> None:
    w = granted()
    tell(w, RETURN[0])
    with pytest.raises(Reject, match="UNKNOWN_REFERENCE"):
        tell(w, RETURN[1].model_copy(update={"case_no": "NTT-2026-000009"}))


def test_what_the_workflow_has_no_way_to_is_refused() -> None:
    w = granted()
    tell(w, fact(p.ProtectionDecided, 3, accepted=False, decision_no="KEP-1"))
    with pytest.raises(Reject, match="ILLEGAL_MOVE"):
        tell(w, PROTECTION[3])
    assert (file_of(w, "LPSK").stage, file_of(w, "LPSK").version) == ("DECIDED_REJECTED", 1)


def test_a_correction_sets_an_earlier_fact_right() -> None:
    w = granted()
    tell(w, PROTECTION[0])
    tell(w, fact(p.ProtectionDecided, 3, accepted=False, decision_no="KEP-1"), "wrong-1")
    right = fact(p.ProtectionDecided, 3, accepted=True, decision_no="KEP-1", corrects="wrong-1")
    work = tell(w, right, "right-1")
    file = file_of(w, "LPSK")
    assert file.stage == "DECIDED_ACCEPTED"
    assert [told.corrected_by for told in file.facts] == [None, None, "right-1"]
    assert emitted(work) == ["AgencyPointer", "FileProgressed"]
    with pytest.raises(Reject, match="UNKNOWN_CORRECTION"):
        tell(w, right.model_copy(update={"corrects": "never-told"}), "right-2")


def test_the_same_content_under_a_new_id_is_flagged_and_not_merged() -> None:
    w = granted()
    tell(w, RETURN[2], "BP3-777")
    work = tell(w, RETURN[2], "BP3-790")
    file = file_of(w, "BP3MI")
    assert [(told.event_id, told.duplicate_of) for told in file.facts] == [("BP3-777", None), ("BP3-790", "BP3-777")]
    tasks = [found for found in work.changed.values() if isinstance(found, Task)]
    assert [(task.kind, task.agency, task.about) for task in tasks] == [("CHECK_DUPLICATE", "BP3MI-53", "BP3-790")]
    assert emitted(work) == ["AgencyPointer"]


def test_the_same_kind_of_fact_at_another_time_is_no_duplicate() -> None:
    w = granted()
    tell(w, RETURN[2], "BP3-777")
    tell(w, fact(p.ReturnArrived, 5, checkpoint="KOE"), "BP3-791")
    assert [told.duplicate_of for told in file_of(w, "BP3MI").facts] == [None, None]


def test_the_lead_begins_its_own_file_without_a_referral_and_its_manager_keeps_it() -> None:
    case = draft(proposed_lead="BP3MI-53", consent_known=True)
    w = world([case])
    tell(w, RETURN[1])
    assert (file_of(w, "BP3MI").agency, file_of(w, "BP3MI").manager) == ("BP3MI-53", None)
    w.run(TakeCase("case-1"), Actor("O-40", "BP3MI-53", frozenset({"CASE_MANAGER"})))
    assert (file_of(w, "BP3MI").manager, file_of(w, "BP3MI").lead) == ("O-40", "BP3MI-53")


def codes_put() -> set[str]:
    """The codes that the service's code gives to `work.put`, as far as they are written out."""
    trees = [ast.parse(path.read_text()) for path in Path(cases.__path__[0]).rglob("*.py")]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    puts = [call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "put"]
    second = [call.args[1] for call in puts if len(call.args) > 1]
    return {arg.value for arg in second if isinstance(arg, ast.Constant)}


def test_every_timeline_code_has_words() -> None:
    codes = codes_put() | {f"CONSENT_{state}" for state in ConsentState} | {"FILE_LINKED", "CASE_ACTIVATED"}
    assert {"CASE_TAKEN", "FACT_TOLD", "FILE_MANAGED"} <= codes
    assert [code for code in codes if timeline_label(code, "id") == code] == []


@given(ahead_s=st.integers(-86_400, 86_400 * 365))
def test_no_agency_reports_what_has_not_happened(ahead_s: int) -> None:
    w, told = (
        granted(),
        fact(p.ProtectionSubmitted, 1, applicant="VICTIM", occurred_at=NOW + timedelta(seconds=ahead_s)),
    )
    if ahead_s <= CLOCKS_DIFFER.total_seconds():
        tell(w, told)
        return
    with pytest.raises(Reject, match="IN_THE_FUTURE"):
        tell(w, told)
    assert w.overlay.current(AgencyFile.by(agency_code="LPSK", foreign_no=NUMBERS["LPSK"])) is None

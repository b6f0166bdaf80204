"""Workflow files: mistakes are named with file and line."""

import pytest

from services.cases.catalogue import catalogue
from services.cases.datafile import DataFileError, parse
from services.cases.domain.workflow import Workflow
from services.cases.workflows import workflows

GOOD = """\
workflow: tiny
agency: LPSK
version: 1
label: {id: Kecil, en: Tiny}
basis: UU 1
initial: [A1]
states:
  - code: A1
    label: {id: Satu, en: One}
    next: [B1]
  - code: B1
    label: {id: Dua, en: Two}
    skippable_by_fact: true
    next: [C1]
  - code: C1
    label: {id: Tiga, en: Three}
facts:
  - {type: id.pulang.lpsk.one.told.v1, to: A1}
  - {type: id.pulang.lpsk.three.told.v1, to: C1, when: {accepted: true}}
"""


def problem(text: str) -> str:
    with pytest.raises(DataFileError) as refused:
        parse(Workflow, text, "tiny.yaml")
    return str(refused.value)


def test_the_shipped_files_are_right_and_bilingual() -> None:
    assert {"bp2mi_return", "criminal_case", "lpsk_protection", "coordination_case", "referral"} == set(workflows())
    assert all(state.label.id and state.label.en for flow in workflows().values() for state in flow.states)
    assert catalogue().deadlines


@pytest.mark.parametrize(
    ("wrong", "instead", "line", "what"),
    [
        ("label: {id: Dua, en: Two}", "label: {id: Dua}", 12, "Field required"),
        ("skippable_by_fact: true", "skipable: true", 13, "Extra inputs are not permitted"),
        ("version: 1", "version: 0", 3, "greater than or equal to 1"),
        ("next: [C1]", "next: [Z9]", 1, "no such state: Z9"),
        ("initial: [A1]", "initial: [B1]", 1, "nothing leads to A1"),
        ("- code: C1", "- code: B1", 1, "a state appears twice"),
        ("en: Three}", "en: Three}\n    next: [A1]", 1, "a state follows itself"),
        ("basis: UU 1", "basis: [UU 1", 6, "expected"),
    ],
)
def test_a_mistake_is_named_with_file_and_line(wrong: str, instead: str, line: int, what: str) -> None:
    message = problem(GOOD.replace(wrong, instead))
    assert message.startswith(f"tiny.yaml:{line}: ")
    assert what in message


def test_a_state_that_facts_may_not_skip_blocks_the_way() -> None:
    flow = parse(Workflow, GOOD, "tiny.yaml")
    assert flow.may_enter("A1", "C1")
    strict = parse(Workflow, GOOD.replace("skippable_by_fact: true", "skippable_by_fact: false"), "tiny.yaml")
    assert not strict.may_enter("A1", "C1")
    assert not flow.may_enter(None, "C1"), "the first state was not marked as skippable"


def test_a_fact_leads_where_its_body_says() -> None:
    flow = parse(Workflow, GOOD, "tiny.yaml")
    assert flow.target("id.pulang.lpsk.three.told.v1", {"accepted": True}) == "C1"
    assert flow.target("id.pulang.lpsk.three.told.v1", {"accepted": False}) is None

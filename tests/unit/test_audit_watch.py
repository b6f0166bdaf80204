"""The rules on the stream of reads."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shared.security.audit.watch import Watch, WatchRule, watch_list
from tests.architecture.test_house import every_route

START = datetime(2026, 5, 14, 5, 0, tzinfo=UTC)
FOREIGN = WatchRule(code="FOREIGN_READS", counts="FOREIGN_THINGS", limit=3, window_s=600)
REFUSED = WatchRule(code="REFUSED_IN_A_ROW", counts="REFUSALS_IN_A_ROW", limit=3, window_s=600)
BURST = WatchRule(code="BREAK_GLASS_BURST", counts="ENTRIES", actions=("EMERGENCY_ACCESS",), limit=2, window_s=600)


def row(at_s: float = 0, person: str | None = "O-20", **more: Any) -> dict[str, Any]:
    actor = {"person": person, "agency": "UPTD_PPA-53.71"} if person else None
    usual = {"_id": f"e-{person}-{at_s}", "at": START + timedelta(seconds=at_s), "actor": actor, "action": "CASE_READ"}
    return {**usual, "decision": "PERMIT", "foreign_refs": [], **more}


def heard(rule: WatchRule, *rows: dict[str, Any]) -> list[tuple[str, str, int]]:
    return [(a.rule.code, a.entry, a.count) for a in Watch((rule,)).look(rows)]


def test_the_shipped_rules_are_readable_and_name_the_office_that_is_told() -> None:
    codes = {"FOREIGN_READS", "BREAK_GLASS_BURST", "REFUSED_IN_A_ROW", "SEARCH_BURST"}
    assert {rule.code for rule in watch_list().rules} == codes
    assert watch_list().tell == "DPO-53"


def test_many_things_of_another_office_are_a_reason_each_counted_once() -> None:
    assert heard(FOREIGN, row(0, foreign_refs=["a"]), row(1, foreign_refs=["a"]), row(2, foreign_refs=["b"])) == []
    one_list = row(0, foreign_refs=["a", "b", "c"])
    assert heard(FOREIGN, one_list) == [("FOREIGN_READS", one_list["_id"], 3)]


def test_the_rules_on_actions_name_actions_that_exist() -> None:
    known = {spec.audit for _, spec in every_route()} | {"EMERGENCY_ACCESS"}
    assert {action for rule in watch_list().rules for action in rule.actions} <= known


def test_what_lies_outside_the_window_or_is_another_person_s_does_not_count() -> None:
    assert heard(FOREIGN, *(row(at, foreign_refs=[str(at)]) for at in (0, 300, 600))) == []
    assert heard(FOREIGN, *(row(n, f"O-{n}", foreign_refs=[str(n)]) for n in range(9))) == []
    assert heard(FOREIGN, *(row(n, None, foreign_refs=[str(n)]) for n in range(9))) == []


def test_a_success_ends_a_row_of_refusals() -> None:
    denied = [row(n, decision="DENY") for n in range(4)]
    assert [entry for _, entry, _ in heard(REFUSED, *denied)] == [denied[2]["_id"]]
    assert heard(REFUSED, *denied[:2], row(2), denied[3]) == []


def test_only_the_named_actions_make_a_burst() -> None:
    opened = [row(n, action="EMERGENCY_ACCESS") for n in range(2)]
    assert len(heard(BURST, *opened)) == 1
    assert heard(BURST, row(0), row(1)) == []


@given(
    st.lists(st.tuples(st.integers(0, 2000), st.sampled_from(["O-1", "O-2"]), st.sampled_from("abcdef")), max_size=60)
)
def test_an_alarm_is_never_raised_below_the_limit_and_always_at_it(reads: list[tuple[int, str, str]]) -> None:
    """Against a model that looks at all entries again each time."""
    rows = [row(at, person, _id=f"e{n}", foreign_refs=[thing]) for n, (at, person, thing) in enumerate(sorted(reads))]
    told, since = [], {"O-1": -1, "O-2": -1}
    for n, each in enumerate(rows):
        person = each["actor"]["person"]
        near = [
            r
            for m, r in enumerate(rows[: n + 1])
            if m > since[person] and r["actor"]["person"] == person and r["at"] > each["at"] - timedelta(seconds=600)
        ]
        if len({r["foreign_refs"][0] for r in near}) >= 3:
            told.append(each["_id"])
            since[person] = n
    assert [alarm.entry for alarm in Watch((FOREIGN,)).look(rows)] == told

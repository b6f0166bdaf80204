"""The oracle of the failure tests has to be able to fail: each invariant, broken once."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
import pytest

from tests.support.oracle import Seen, Sent, absent_from_bytes, verify

SOURCE = "/pulang/test"


@dataclass
class Output:
    """A record as a Kafka client gives it."""

    topic: str
    key: bytes
    value: bytes


def sent(offset: int, id_: str, fate: str | None = None) -> Sent:
    return Sent("in", 0, offset, "k", offset, id_, SOURCE, 0.0, fate)


def report(number: int) -> Output:
    event = {"id": f"r{number}", "sequence": number, "causationid": f"e{number}"}
    return Output("ledger-reports", b"k", orjson.dumps(event))


def good() -> tuple[list[Sent], Seen]:
    """Two events applied, one of them repeated; a third parked, a fourth one dead."""
    journal = [sent(0, "e1"), sent(1, "e2"), sent(2, "e1"), sent(3, "e3"), sent(4, "?", "NOT_JSON")]
    inbox = [("e1", "APPLIED"), ("e2", "APPLIED"), ("e3", "PARKED")]
    rows: dict[str, list[dict[str, Any]]] = {
        "inbox": [{"_id": f"ledger|in|{SOURCE}|{i}", "outcome": o} for i, o in inbox],
        "timeline": [{"about": "accounts|k", "version": n, "cause_id": f"e{n}"} for n in (1, 2)],
        "accounts": [{"_id": "k", "version": 2}],
        "parked": [{"head": "h", "partition": 0, "offset": 3, "reason": "X"}],
        "parked_heads": [{"_id": "h", "topic": "in"}],
        "dead_letters": [{"topic": "in", "partition": 0, "offset": 4, "reason": "NOT_JSON"}],
        "quarantine": [],
        "outbox": [],
        "keys": [{"_id": "ledger-reports|k", "sequence": 2}],
        "audit": [{"cause_id": f"e{n}", "outcome": "OK"} for n in (1, 2)],
    }
    inputs: Any = {s.place: None for s in journal}
    outputs: Any = [report(1), report(2), report(1)]
    return journal, Seen(rows, inputs, outputs)


def test_a_good_run_passes_and_is_counted() -> None:
    counts = verify(*good())
    assert (counts["acked"], counts["timeline"], counts["parked"], counts["dead_letters"]) == (5, 2, 1, 1)


FAULTS: dict[str, tuple[str, Callable[[Seen], object]]] = {
    "not in Kafka": ("I1", lambda seen: seen.inputs.pop(("in", 0, 1))),
    "not in the inbox": ("I1", lambda seen: seen.rows["inbox"].pop(0)),
    "parked, and not there": ("I1", lambda seen: seen.rows["parked"].clear()),
    "for another reason": ("I1", lambda seen: seen.rows["dead_letters"][0].update(reason="EMPTY")),
    "no dead letter": ("I1", lambda seen: seen.rows["dead_letters"].clear()),
    "no effect": ("I2", lambda seen: seen.rows["timeline"].pop()),
    "an effect twice": ("I2", lambda seen: seen.rows["timeline"].append({**seen.rows["timeline"][0], "version": 3})),
    "a gap": ("I3", lambda seen: seen.rows["timeline"][1].update(version=3)),
    "in another order": ("I3", lambda seen: _swap(seen.rows["timeline"], "version")),
    "another version": ("I3", lambda seen: seen.rows["accounts"][0].update(version=3)),
    "still in the outbox": ("I4", lambda seen: seen.rows["outbox"].append({})),
    "never sent": ("I4", lambda seen: seen.outputs.pop(1)),
    "sent in another order": ("I4", lambda seen: seen.outputs.reverse() or seen.outputs.pop(0)),
    "no entry": ("I5", lambda seen: seen.rows["audit"].pop()),
    "an entry too many": ("I5", lambda seen: seen.rows["audit"].append({"cause_id": "e9", "outcome": "REFUSED"})),
}


def _swap(rows: list[dict[str, Any]], name: str) -> None:
    rows[0][name], rows[1][name] = rows[1][name], rows[0][name]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_and_named(fault: str) -> None:
    journal, seen = copy.deepcopy(good())
    invariant, break_it = FAULTS[fault]
    break_it(seen)
    with pytest.raises(AssertionError, match=invariant):
        verify(journal, seen)


def test_a_canary_is_found() -> None:
    absent_from_bytes(["KANARI-1"], "a log", [b"all quiet", None])
    with pytest.raises(AssertionError, match="I6"):
        absent_from_bytes(["KANARI-1"], "a log", [b"name: KANARI-1"])

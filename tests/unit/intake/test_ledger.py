"""The ledger of erasures: it only grows, and notices when somebody else wrote in it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.intake.ledger import ErasureLedger, LedgerBroken

AT = datetime(2026, 5, 14, 5, 20, tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path: Path) -> ErasureLedger:
    ours = ErasureLedger(tmp_path / "erasures.jsonl")
    for owner in ("V-020", "V-021", "V-022"):
        ours.append(owner, AT, "REQUEST")
    return ours


def test_it_holds_whom_it_was_told_once_each(ledger: ErasureLedger) -> None:
    ledger.append("V-021", AT, "POSKO_KEY")
    assert ledger.owners() == ("V-020", "V-021", "V-022")


def test_no_file_is_an_empty_ledger(tmp_path: Path) -> None:
    assert ErasureLedger(tmp_path / "none").owners() == ()


@pytest.mark.parametrize("line", [0, 1])
def test_a_line_that_is_missing_or_changed_is_noticed(ledger: ErasureLedger, line: int) -> None:
    lines = ledger.path.read_bytes().splitlines(keepends=True)
    for bad in (
        [each for n, each in enumerate(lines) if n != line],
        [each.replace(b"V-02", b"V-99") if n == line else each for n, each in enumerate(lines)],
        [each[:-9] + b"\n" if n == line else each for n, each in enumerate(lines)],
        [*lines[:line], b"[]\n", *lines[line:]],
    ):
        ledger.path.write_bytes(b"".join(bad))
        with pytest.raises(LedgerBroken, match="line"):
            ledger.owners()
        with pytest.raises(LedgerBroken):
            ledger.append("V-030", AT, "REQUEST")

"""An audit that could not look must not say that all is well."""

from typing import Any

import pytest

from deploy.tools.audit_dependencies import CLEAN, UNCHECKED, VULNERABLE, judge

GOOD = {"name": "a", "version": "1", "vulns": []}
BAD = {"name": "b", "version": "2", "vulns": [{"id": "PYSEC-2026-1", "fix_versions": ["3"]}]}
UNKNOWN = {"name": "c", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("found", "code", "offline"),
    [
        ([GOOD], CLEAN, CLEAN),
        ([GOOD, BAD], VULNERABLE, VULNERABLE),
        ([BAD, UNKNOWN], VULNERABLE, VULNERABLE),
        ([GOOD, UNKNOWN], UNCHECKED, CLEAN),
        ([], UNCHECKED, CLEAN),
        (None, UNCHECKED, CLEAN),
    ],
)
def test_only_what_was_looked_up_counts(found: list[Any] | None, code: int, offline: int) -> None:
    report = None if found is None else {"dependencies": found}
    assert [judge(report, offline_ok=ok).code for ok in (False, True)] == [code, offline]
    assert (code == UNCHECKED) == ("NOT CHECKED" in judge(report, offline_ok=True).text)

"""Partners' numbers are numbers: names and sentences have no place there."""

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.events.codec import decode
from shared.events.contracts.lint import PROBES
from shared.events.incoming import Partition, Record
from shared.events.partner_v1 import ForeignNo, ProtectionSubmitted
from shared.events.reasons import Reason
from shared.events.registry import registry
from tests.support.cases import event_bytes
from tests.support.pure import NOW

NUMBER = TypeAdapter(ForeignNo)


@pytest.mark.parametrize(
    "written",
    [
        "KP-040/2026",
        "PP.01/2026",
        "R-1/1.5.3.HSKR/LPSK/05/2026",
        "SP.Sidik/14/V/2026",
        "LP/A/6/VI/2025/SPKT DITKRIMUM/Polda NTT",
        "LP/B/6/V/2026/SPKT/POLDA NTT",
        "LP/B/123/V/2026/SPKT/POLRES KUPANG KOTA/POLDA NUSA TENGGARA TIMUR",
        "BA 12/2026",
    ],
)
def test_a_number_is_taken_as_it_is_written(written: str) -> None:
    assert written == NUMBER.validate_python(written)


@pytest.mark.parametrize(
    "written",
    [
        "Nama Korban lahir di desa",
        "Nama Korban lahir di desa 1",
        "12 orang dijemput om tadi malam",
        "MariaBele",
        "Maria Bele",
        "POLDA Maria Bele",
        *PROBES,
    ],
)
def test_what_says_something_in_words_is_refused(written: str) -> None:
    with pytest.raises(ValidationError) as refused:
        NUMBER.validate_python(written)
    assert {error["type"] for error in refused.value.errors()} <= {"BAD_FORMAT", "string_pattern_mismatch"}


def test_a_fact_with_a_sentence_for_a_number_is_refused_by_field() -> None:
    told = ProtectionSubmitted(occurred_at=NOW, foreign_no="PP.01/2026", applicant="VICTIM")
    written = event_bytes("partner-lpsk", told, key="k").replace(b"PP.01/2026", b"Nama Korban 1 lahir di desa")
    read = decode(Record(Partition("partner-lpsk", 0), 0, "k", written), registry(), "cases")
    assert (read.refusal, read.pointer, read.event) == (Reason.INVALID_FIELD, "/data/foreign_no", None)

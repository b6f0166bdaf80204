"""Facts that partner agencies publish about references they already hold.

Unknown fields are refused: there is no place for free text, a residence or a new identity.
"""

import re
from itertools import groupby
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from shared.events.case_v1 import CaseNo
from shared.events.envelope import Code, Day, EventData, Id

_DIGIT = re.compile("[0-9]")
_POLICE = re.compile(r"\b(polda|polres(ta|tabes)?|polsek)( [a-z]+){1,4}", re.IGNORECASE)
"""How police numbers end: `LP/B/6/V/2026/SPKT/POLRES KUPANG KOTA/POLDA NUSA TENGGARA TIMUR`."""
MOST_WORDS = 2


def _check_number(value: str) -> str:
    """A number has a digit in it, and no sentence: names and prose have to stay with the agency."""
    words = _POLICE.sub("0", value).split()
    runs = [len(list(run)) for letters, run in groupby(words, lambda word: not _DIGIT.search(word)) if letters]
    if not _DIGIT.search(value) or max(runs, default=0) > MOST_WORDS:
        raise PydanticCustomError("BAD_FORMAT", "no number")
    return value


ForeignNo = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ./_-]{0,79}$"), AfterValidator(_check_number)]
"""The agency's own number, kept as it is written; formats vary, so it is only checked to be one. The released schema
stays as wide as it was."""


class PartnerFact(EventData):
    """What every partner fact carries. `corrects` is the id of an earlier fact that this one sets right."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    foreign_no: ForeignNo
    case_no: CaseNo | None = None
    """Needed in the first fact about a number that we have not seen; later ones may leave it out."""
    corrects: Id | None = None


class Bp2miFact(PartnerFact):
    """A fact of BP2MI's return file (kepulangan PMI)."""

    topics = ("partner-bp2mi",)


class ReturnNeedReported(Bp2miFact):
    """A mission, the family or another reported that the worker has to come home."""

    type = "id.pulang.bp2mi.return.need_reported.v1"
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]


class ReturnInTransit(Bp2miFact):
    """The worker is on the way."""

    type = "id.pulang.bp2mi.return.in_transit.v1"
    leg: Code | None = None


class ReturnArrived(Bp2miFact):
    """The worker arrived in the province, at a checkpoint."""

    type = "id.pulang.bp2mi.return.arrived.v1"
    checkpoint: Code


class ReturnHandedToFamily(Bp2miFact):
    """Handed to the family with signed minutes (berita acara serah terima), witnessed by local government."""

    type = "id.pulang.bp2mi.return.handed_to_family.v1"
    ba_no: ForeignNo
    witnessed: bool


class PoliceFact(PartnerFact):
    """A fact of the police's criminal file."""

    topics = ("partner-police",)


class ReportRegistered(PoliceFact):
    """A police report (laporan polisi) exists; model A is found by the police, B comes from the public."""

    type = "id.pulang.police.report.registered.v1"
    model: Annotated[str, Field(pattern=r"^[AB]$")]


class InvestigationStarted(PoliceFact):
    """Penyidikan began."""

    type = "id.pulang.police.investigation.started.v1"
    warrant_no: ForeignNo


class SpdpSent(PoliceFact):
    """Notice of the start of investigation (SPDP) went to the prosecutor; KUHAP 2025 Art 60(1): within 7 days."""

    type = "id.pulang.police.spdp.sent.v1"
    document_no: ForeignNo


class FileCompleted(PoliceFact):
    """The prosecutor declared the file complete (P-21)."""

    type = "id.pulang.police.file.completed.v1"
    document_no: ForeignNo


class LpskFact(PartnerFact):
    """A fact of LPSK's protection file; nothing that only LPSK may know has a field."""

    topics = ("partner-lpsk",)


class ProtectionSubmitted(LpskFact):
    """An application for protection was received."""

    type = "id.pulang.lpsk.protection.submitted.v1"
    applicant: Code


class ProtectionFoundIncomplete(LpskFact):
    """Formal requirements are missing, by code."""

    type = "id.pulang.lpsk.protection.found_incomplete.v1"
    missing: tuple[Code, ...] = Field(min_length=1, max_length=20)


class ProtectionDecided(LpskFact):
    """LPSK decided (UU 31/2014 Art 29(1)c: within 7 days)."""

    type = "id.pulang.lpsk.protection.decided.v1"
    accepted: bool
    decision_no: ForeignNo


class AgreementSigned(LpskFact):
    """The willingness statement (UU 13/2006 Art 30) was signed; protection runs from here."""

    type = "id.pulang.lpsk.agreement.signed.v1"
    signed_on: Day

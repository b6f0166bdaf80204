"""Queries of the read side."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from services.cases.domain.agency_file import AgencyFile
from services.cases.domain.case import Case
from services.cases.domain.consent import Consent
from services.cases.domain.referral import Referral
from shared.http.call import Call
from shared.kernel.aggregate import Aggregate
from shared.mongo.reader import MongoReader

Line = Mapping[str, Any]

PARTS_OF_A_CASE: tuple[type[Aggregate], ...] = (Consent, Referral, AgencyFile)


def of_case(call: Call) -> Mapping[str, Any]:
    """What belongs to the case in the call's path."""
    return {"case_ref": call.path["case"]}


async def timeline(
    call: Call, case: Case, reader: MongoReader, beyond: Mapping[str, Any], limit: int
) -> Sequence[Line]:
    """What happened in the case and in those of its parts that the reader may see, by when it happened."""
    about: list[tuple[type[Aggregate], str]] = [(Case, case.id)]
    for kind in PARTS_OF_A_CASE:
        about += [(kind, part.id) async for part in _every(call, kind)]
    return await reader.timeline(about, dict(beyond), limit=limit)


async def _every(call: Call, kind: type[Aggregate]) -> AsyncIterator[Aggregate]:
    """All parts of this kind that the reader may see, however many."""
    last = ""
    while page := await call.find(kind, {**of_case(call), "_id": {"$gt": last}}):
        for part in page:
            yield part
        last = page[-1].id

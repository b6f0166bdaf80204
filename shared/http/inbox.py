"""The way of partners' events: one event or a batch of them in the forms of CloudEvents' HTTP binding, and a receipt
for each.

An event's own id is what makes a repetition harmless, for as long as the inbox remembers it; so there is no
`Idempotency-Key` here.
"""

from collections.abc import Iterable
from typing import Any

import orjson
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from shared.events.envelope import BATCH_CONTENT_TYPE, CONTENT_TYPE
from shared.events.receipts import FactReceipt, ReceiptStatus
from shared.events.strict_json import read
from shared.http.body import media_type_of, read_raw
from shared.http.call import Call
from shared.http.encoding import to_json
from shared.http.ledger import Ledger
from shared.http.masking import Part, masked
from shared.http.problems import Problem
from shared.http.rendering import answer_with
from shared.http.specs import RouteSpec, declared
from shared.security.policy.classes import DataClass

MAX_BATCH = 100


class ReceiptView(Part):
    """What became of one event. An invalid one left nothing behind."""

    data_class = DataClass.C0

    status: ReceiptStatus
    reason: str | None = Field(examples=[None])
    pointer: str | None = Field(examples=[None])


class ReceiptsView(Part):
    """One receipt for each event, in the order of the request."""

    items: tuple[ReceiptView, ...]


async def receive(spec: RouteSpec, call: Call, request: Request, ledger: Ledger) -> Response:
    """Hand in events.

    One event (`application/cloudevents+json`) or up to a hundred (`application/cloudevents-batch+json`), as the agency
    would write them to its topic. An answer of 200 says that they are kept. Handed in again, or written to the topic
    as well, an event has its effect once.
    """
    raw = await read_raw(request, (CONTENT_TYPE, BATCH_CONTENT_TYPE))
    reading = read(raw)
    if reading.problem is not None:
        raise Problem(400, reading.problem.value)
    alone = media_type_of(request) == CONTENT_TYPE
    values = [raw] if alone else _rows(reading.value)
    receipts = await declared(call.backing.inbox).take(call.actor.person, values, call.correlation_id)
    if alone:
        _refuse(receipts[0])
    await ledger.write("OK")
    return answer_with(to_json(masked(receipts_view(receipts), call.decision.shows)), call)


def receipts_view(receipts: Iterable[FactReceipt]) -> ReceiptsView:
    """The answer."""
    return ReceiptsView(items=tuple(ReceiptView(status=r.status, reason=r.reason, pointer=r.pointer) for r in receipts))


def _rows(batch: Any) -> list[bytes]:
    """The events of a batch, each by itself; raises a Problem (422) where it is none."""
    if not isinstance(batch, list):
        raise _invalid("NOT_A_LIST")
    if not 0 < len(batch) <= MAX_BATCH:
        raise _invalid("TOO_MANY" if batch else "TOO_FEW")
    return [orjson.dumps(row) for row in batch]


def _refuse(receipt: FactReceipt) -> None:
    """Whoever sends one event reads the status: it must not look accepted where it was not."""
    if receipt.status is ReceiptStatus.CONFLICTING_DUPLICATE:
        raise Problem(409, receipt.status.value)
    if receipt.status is ReceiptStatus.INVALID:
        raise _invalid(receipt.reason or "INVALID", receipt.pointer or "")


def _invalid(code: str, pointer: str = "") -> Problem:
    return Problem(422, "INVALID_EVENT", errors=[{"pointer": pointer, "code": code}])

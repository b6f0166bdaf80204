"""The ways of a read: a thing, a list, a question, a search. Its audit row is durable before it is answered."""

from collections.abc import Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from shared.http.body import parse_body, read_raw
from shared.http.call import Call
from shared.http.encoding import to_json
from shared.http.etag import none_match
from shared.http.gate import grounds_of
from shared.http.ledger import Ledger
from shared.http.masking import classes_asked, masked
from shared.http.pages import next_cursor, page_of, page_query
from shared.http.problems import bad_parameter
from shared.http.rendering import answer_with, render, shown
from shared.http.sight import Seen
from shared.http.specs import RouteSpec, declared
from shared.security.policy.classes import Classes
from shared.security.policy.filters import both

MAX_FILTER_TEXT = 200


async def show(spec: RouteSpec, call: Call, request: Request, ledger: Ledger) -> Response:
    """One aggregate, or 304 where the caller has it already."""
    rendered = await render(declared(spec.answer), call.target, call)
    ledger.shows(call.target)
    await ledger.write("OK")
    if none_match(request.headers.get("if-none-match"), rendered.tag):
        return answer_with(b"", call, status=304, tag=rendered.tag)
    return answer_with(rendered.content, call, tag=rendered.tag)


async def show_list(spec: RouteSpec, call: Call, request: Request, ledger: Ledger) -> Response:
    """A page of aggregates, newest first."""
    kind = declared(spec.kind)
    page = page_of(call, spec.path)
    narrowed = spec.where(call) if spec.where else {}
    query = both(narrowed, filters_in(spec, call), page_query(page))
    seen = await call.seen(kind, query, sort=[("_id", -1)], limit=page.limit + 1, showing=_asked(spec, call))
    items = await _lines(spec, call, seen[: page.limit], ledger)
    following = next_cursor(page, [row.aggregate for row in seen], call)
    return answer_with(to_json({"items": items, "next": following}), call)


async def search(spec: RouteSpec, call: Call, request: Request, ledger: Ledger) -> Response:
    """Whom or what the terms of the body find within the caller's permission."""
    body = parse_body(await read_raw(request), declared(spec.body))
    found = await declared(spec.handler)(call, body)
    items = await _lines(spec, call, found.rows, ledger)
    return answer_with(to_json({"items": items, "complete": found.complete}), call)


async def _lines(spec: RouteSpec, call: Call, rows: Sequence[Seen[Any]], ledger: Ledger) -> list[dict[str, Any]]:
    """The rows as their reader may see them, after one audit row that names them all is durable."""
    view = declared(spec.answer)
    items = [await shown(view, row.aggregate, call.about(row.decision)) for row in rows]
    ledger.grounds = grounds_of(spec, call.asking, [row.decision for row in rows] or [call.decision])
    ledger.shows(*(row.aggregate for row in rows))
    await ledger.write("OK")
    return items


async def answer_query(spec: RouteSpec, call: Call, request: Request, ledger: Ledger) -> Response:
    """A question's answer. It has no tag: it is no one thing's representation."""
    given = [parse_body(await read_raw(request), spec.body)] if spec.body else []
    view = await declared(spec.handler)(call, *given)
    content = to_json(masked(view, call.decision.shows))
    ledger.shows(*([call.target] if call.target else []), *call.shown)
    await ledger.write("OK")
    return answer_with(content, call)


def _asked(spec: RouteSpec, call: Call) -> Classes:
    """The classes that the query's filters ask about. Rows of which the reader may not see these never match, or a
    filter would tell what the mask hides."""
    used = [name for name in spec.filters or () if name in call.query]
    return frozenset().union(*(classes_asked(spec.model, name) for name in used))


def filters_in(spec: RouteSpec, call: Call) -> dict[str, Any]:
    """The filters that the query holds, as stored values; 422 for one that cannot be such a value."""
    adapters = spec.filters or {}
    return {_stored(name): _value(name, adapters[name], call.query[name]) for name in adapters if name in call.query}


def _stored(name: str) -> str:
    return "_id" if name == "id" else name


def _value(name: str, adapter: TypeAdapter[Any], text: str) -> Any:
    if not 0 < len(text) <= MAX_FILTER_TEXT:
        raise bad_parameter(name, "BAD_FORMAT")
    try:
        return adapter.dump_python(adapter.validate_python(text), mode="json")
    except ValidationError:
        raise bad_parameter(name, "NOT_IN_LIST") from None

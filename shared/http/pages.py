"""Pages of a list: `?limit=` up to 200 and `?after=`, a sealed cursor that is good for this list and person only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.http.call import Call
from shared.http.problems import bad_parameter
from shared.kernel.aggregate import Aggregate
from shared.security.opaque import NotOurs

DEFAULT_LIMIT = 50
MAX_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Page:
    """Which page is asked for. `context` binds its cursors: another person's, list's or filter's do not open."""

    limit: int
    after: str | None
    context: str


def page_of(call: Call, path: str, default: int = DEFAULT_LIMIT) -> Page:
    """The page that the query asks for, of `default` lines where it names no limit; 422 where it cannot be one."""
    filters = {name: value for name, value in call.query.items() if name not in ("limit", "after", "lang", "wait_for")}
    context = repr((call.actor.person, path, sorted(call.path.items()), sorted(filters.items())))
    return Page(_limit(call.query.get("limit"), default), _after(call, context), context)


def page_query(page: Page) -> Mapping[str, Any]:
    """What lies beyond the cursor, in falling order of ids."""
    return {"_id": {"$lt": page.after}} if page.after else {}


def next_cursor(page: Page, found: Sequence[Aggregate], call: Call) -> str | None:
    """The cursor of the next page; None on the last. `found` holds one more than the page where there is more."""
    if len(found) <= page.limit:
        return None
    return call.backing.cursors.seal(found[page.limit - 1].id, page.context)


def timeline_query(page: Page) -> Mapping[str, Any]:
    """What lies beyond the cursor of a timeline: by when it happened, when it was recorded, and id."""
    if page.after is None:
        return {}
    happened, recorded, id_ = page.after.split(" ", 2)
    place = {"occurred_at": datetime.fromisoformat(happened), "recorded_at": datetime.fromisoformat(recorded)}
    return {
        "$or": [
            {"occurred_at": {"$gt": place["occurred_at"]}},
            {"occurred_at": place["occurred_at"], "recorded_at": {"$gt": place["recorded_at"]}},
            {**place, "_id": {"$gt": id_}},
        ]
    }


def timeline_cursor(page: Page, found: Sequence[Mapping[str, Any]], call: Call) -> str | None:
    """The cursor of a timeline's next page; None on the last. `found` holds one more where there is more."""
    if len(found) <= page.limit:
        return None
    last = found[page.limit - 1]
    place = f"{last['occurred_at'].isoformat()} {last['recorded_at'].isoformat()} {last['_id']}"
    return call.backing.cursors.seal(place, page.context)


def _limit(text: str | None, default: int) -> int:
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= MAX_LIMIT):
        raise bad_parameter("limit", "OUT_OF_RANGE")
    return int(text)


def _after(call: Call, context: str) -> str | None:
    cursor = call.query.get("after")
    if cursor is None:
        return None
    try:
        return call.backing.cursors.open(cursor, context)
    except NotOurs:
        raise bad_parameter("after", "NOT_A_CURSOR") from None

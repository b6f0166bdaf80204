"""From aggregates to answers: the view's model as JSON, with the tag of what this reader sees."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from shared.http.call import Call
from shared.http.context import Lang
from shared.http.encoding import to_json
from shared.http.etag import quoted
from shared.http.masking import masked
from shared.http.specs import Answer
from shared.kernel.aggregate import Aggregate

TAG_LANGUAGE: Lang = "id"
"""A tag is made of this rendering whatever the caller reads, so that a change of language is no change."""

HEADERS: Mapping[str, str] = {"Vary": "Accept-Language, Authorization"}


@dataclass(frozen=True, slots=True)
class Rendered:
    """An answer's content, and its tag without quotes."""

    content: bytes
    tag: str
    fields: Mapping[str, Any]


async def shown(answer: Answer, aggregate: Any, call: Call) -> dict[str, Any]:
    """What the view shows of it to this call's reader, as the encoder takes it; `call.decision` is about it."""
    view = answer(aggregate, call)
    return masked(await view if inspect.isawaitable(view) else view, call.decision.shows)


async def render(answer: Answer, aggregate: Aggregate, call: Call) -> Rendered:
    """The answer in the caller's language; `call.decision` is about the aggregate."""
    fields = await shown(answer, aggregate, call)
    tagged = fields if call.lang == TAG_LANGUAGE else await shown(answer, aggregate, call.in_language(TAG_LANGUAGE))
    return Rendered(to_json(fields), tag_of(aggregate, tagged, call), tagged)


def tag_of(aggregate: Aggregate, fields: Mapping[str, Any], call: Call) -> str:
    """The tag of these fields of this aggregate."""
    return call.backing.tagger.tag(f"{type(aggregate).__name__}|{aggregate.id}", fields)


def answer_with(
    content: bytes, call: Call, *, status: int = 200, tag: str | None = None, **headers: str | None
) -> Response:
    """The response. A header's underscores stand for hyphens; None leaves it out."""
    named = {name.replace("_", "-"): value for name, value in headers.items() if value is not None}
    etag = {"ETag": quoted(tag)} if tag else {}
    return Response(content, status, {**HEADERS, "Content-Language": call.lang, **etag, **named}, "application/json")

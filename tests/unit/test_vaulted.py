"""The first and the third wall: what was opened from the vault, or is on its way in, cannot be written anywhere."""

import copy
import io
import json
import pickle
from collections.abc import Callable
from typing import Any

import bson
import orjson
import pytest
from pydantic import BaseModel, ConfigDict, TypeAdapter

from services.intake.api import fields
from services.intake.api.interdictions import RecruiterBody
from services.intake.api.screenings import ScreeningBody
from services.intake.sealing import Typed
from shared.observability.logging import redact
from shared.security.vaulted import INWARDS, Vaulted

CANARY = "Maria Canary"
OPENED: Vaulted[dict[str, str]] = Vaulted({"full_name": CANARY})


class Holder(BaseModel):
    """A model of somebody who forgot."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    kept: Vaulted[dict[str, str]] = OPENED
    anything: Any = OPENED


WAYS: tuple[Callable[[Any], object], ...] = (
    json.dumps,
    orjson.dumps,
    pickle.dumps,
    copy.deepcopy,
    lambda value: bson.encode({"value": value}),
    lambda value: TypeAdapter(type(value)).dump_json(value),
    lambda value: TypeAdapter(type(value)).dump_python(value),
    dict,
    list,
)


@pytest.mark.parametrize("way", WAYS)
def test_opened_identity_is_not_written(way: Callable[[Any], object]) -> None:
    with pytest.raises(Exception) as refused:  # noqa: PT011 - each library has its own
        way(OPENED)
    assert CANARY not in str(refused.value)


@pytest.mark.parametrize("way", [str, repr, ascii, format, "{}".format, "%s".__mod__, lambda v: f"{v!r:>40}", redact])
def test_opened_identity_prints_as_its_type(way: Callable[[Any], object]) -> None:
    assert CANARY not in str(way(OPENED))
    assert "Vaulted" in str(way(OPENED))


@pytest.mark.parametrize("field", ["kept", "anything"])
def test_a_model_that_holds_it_cannot_be_dumped(field: str) -> None:
    holder = Holder()
    for way in (holder.model_dump_json, lambda include: holder.model_dump(mode="json", include=include)):
        with pytest.raises(Exception) as refused:  # noqa: PT011
            way(include={field})
        assert CANARY not in str(refused.value)
    assert CANARY not in repr(holder)


def test_no_response_can_be_declared_with_it() -> None:
    with pytest.raises(Exception, match="schema"):
        Holder.model_json_schema(mode="serialization")


def test_what_is_on_its_way_in_cannot_be_dumped_either() -> None:
    typed = Typed(identity=OPENED)
    with pytest.raises(Exception) as refused:  # noqa: PT011
        typed.model_dump()
    assert CANARY not in str(refused.value) + repr(typed)


BODIES = (
    fields.PersonBody(identity=fields.IdentityBody(full_name=CANARY)),
    fields.PersonBody(identity=fields.IdentityBody(aliases=(CANARY,))),
    fields.PersonBody(identity=fields.IdentityBody(nik=CANARY, passport_no=CANARY)),
    fields.PersonBody(note=CANARY),
    RecruiterBody(name=CANARY, note=CANARY),
    ScreeningBody.model_validate(
        {"occurred_at": "2026-06-02T09:30:00+08:00", "private": True, "confirmed": True, "note": CANARY}
    ),
)


@pytest.mark.parametrize("body", BODIES)
def test_a_request_shows_nothing_of_whom_it_is_about(body: fields.Body) -> None:
    stream = io.StringIO()
    print(body, repr(body), f"{body}", redact(body), [body], file=stream)
    for way in (body.model_dump, body.model_dump_json, lambda: pickle.dumps(body)):
        with pytest.raises(Exception) as refused:  # noqa: PT011
            way()
        stream.write(str(refused.value))
    assert CANARY not in stream.getvalue()
    assert CANARY in str(body.model_dump(context=INWARDS))

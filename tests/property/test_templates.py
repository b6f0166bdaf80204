"""Whatever an event says, a message carries the whitelisted values and nothing else."""

from datetime import UTC, datetime
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain.notice import Notice
from services.notify.domain.template import Words
from services.notify.domain.variables import VARIABLES, Language
from services.notify.handlers import handlers
from services.notify.texts import load_catalogue
from shared.events.audit_v1 import Service
from shared.events.case_v1 import CaseNo
from shared.events.envelope import Code, Count, EventData, Id, Moment
from shared.events.intake_v1 import AgencyRef, Kabupaten
from shared.events.registry import models_of
from tests.support.pure import World, event

CATALOGUE = load_catalogue()
BOOK = handlers(CATALOGUE)
MODELS = models_of()
OFFICES = st.sampled_from(["UPTD_PPA-53.71", "LPSK-53", "POLRI-53", "BP3MI-53", "GT_KAB-53.02"])
BY_TYPE: dict[Any, st.SearchStrategy[Any]] = {
    Id: st.uuids().map(lambda u: f"canary-{u}"),
    Code: st.uuids().map(lambda u: f"CANARY-{u}".upper()),
    Moment: st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)).map(lambda d: d.replace(tzinfo=UTC)),  # noqa: DTZ001
    AgencyRef: OFFICES,
    tuple[Id, ...]: st.lists(st.uuids().map(lambda u: f"canary-{u}"), max_size=3).map(tuple),
    tuple[AgencyRef, ...]: st.lists(OFFICES, max_size=4).map(tuple),
    CaseNo: st.from_regex(r"NTT-20[0-9]{2}-[0-9]{6}", fullmatch=True),
    Service: st.sampled_from(["intake", "cases", "notify"]),
    Kabupaten: st.sampled_from(["53.02", "53.71"]),
    dict[Kabupaten, Count]: st.just({"53.02": 5}),
}


def values_for(annotation: Any) -> st.SearchStrategy[Any]:
    """Any valid value of a field; identifiers and codes are canaries that can be recognised in a text."""
    if annotation in BY_TYPE:
        return BY_TYPE[annotation]
    if type(None) in get_args(annotation):
        [inner] = [arg for arg in get_args(annotation) if arg is not type(None)]
        return st.none() | values_for(inner)
    if get_origin(annotation) is Annotated:
        assert get_args(annotation)[0] is int, f"no values known for {annotation}"
        return st.integers(1, 20)
    return st.from_type(annotation)


def bodies(model: type[EventData]) -> st.SearchStrategy[EventData]:
    """Valid bodies of one event type."""
    hints = get_type_hints(model, include_extras=True)
    return st.builds(model, **{name: values_for(hints[name]) for name in model.model_fields})


def literals(words: Words, language: Language) -> list[str]:
    """The pieces of a text that are the same for every event."""
    return [literal for literal, _ in words.pieces(language)]


def taken_out(text: str, words: Words, language: Language) -> list[str]:
    """What stands between the literal pieces of a rendered text."""
    found, rest = [], text
    pieces = literals(words, language)
    assert rest.startswith(pieces[0])
    rest = rest[len(pieces[0]) :]
    for piece in pieces[1:]:
        inserted, separator, rest = rest.partition(piece) if piece else (rest, "", "")
        assert separator == piece
        found.append(inserted)
    return found + ([rest] if rest else [])


@pytest.mark.parametrize("event_type", sorted(CATALOGUE.rules))
@pytest.mark.parametrize("language", list(Language))
@given(data=st.data())
def test_a_message_holds_only_whitelisted_values(event_type: str, language: Language, data: st.DataObject) -> None:
    body = data.draw(bodies(MODELS[event_type]))
    work = World(BOOK).handle(event(body))
    for notice in [each for each in work.changed.values() if isinstance(each, Notice)]:
        values = {**notice.values, "link": f"/v1/inbox/{notice.id}"}
        template = CATALOGUE.templates[notice.template]
        text = template.render(language, values)
        allowed = {VARIABLES[name].words(values[name], language) for name in template.variables}
        assert set(taken_out(text.subject, template.subject, language)) <= allowed
        assert set(taken_out(text.body, template.body, language)) <= allowed
        for hidden in hidden_values(body, set(notice.values.values())):
            assert hidden not in text.subject + text.body


def hidden_values(body: EventData, shown: set[str | None]) -> set[str]:
    """Every string of the event that no variable names, unless it is too short to be recognised."""
    strings = {str(value) for value in body.model_dump(mode="json").values() if isinstance(value, str)}
    return {s for s in strings if s.lower().startswith("canary") and s not in shown}

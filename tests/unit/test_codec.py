"""The codec: every kind of bad message has its own reason, and every good one comes out as it went in."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.acceptance import ModelMissing
from shared.events.agency_v1 import AgencyPointer
from shared.events.case_v1 import ReferralSent
from shared.events.codec import NUMBER_BYTES, EventTooLarge, decode, encode, numbered
from shared.events.diagnosis import decode_strictly
from shared.events.envelope import MAX_EVENT_BYTES, EventData
from shared.events.frame import MAX_PARTNER_BYTES
from shared.events.incoming import Incoming, Partition, Record
from shared.events.intake_v1 import InterdictionRecorded
from shared.events.partner_v1 import AgreementSigned, SpdpSent
from shared.events.reasons import Reason
from shared.events.registry import Registry, registry
from shared.events.staff_v1 import MemberPublished

NOW = datetime(2026, 5, 14, 5, 20, tzinfo=UTC)
CASE = "0196ce10-0000-7000-8000-000000000007"
SURROGATE = b"\\ud800"
DEEP = b"[" * 100_000 + b"]" * 100_000


class Noted(EventData):
    """A body of any size."""

    type = "id.pulang.test.note.taken.v1"
    topics = ("notes",)

    text: str


def referral(**changes: Any) -> ReferralSent:
    body = {
        "case_ref": CASE,
        "case_no": "NTT-2026-048213",
        "referral_ref": "ref-1",
        "sender": "UPTD_PPA-53.71",
        "agency": "LPSK-53",
        "purpose": "LPSK_APPLICATION",
        "urgency": "R2_TINGGI",
        "due_at": NOW + timedelta(hours=24),
        "occurred_at": NOW,
    }
    return ReferralSent.model_validate(body | changes)


def own(**changes: Any) -> Record:
    """An event as our relay sends it; `changes` replace the record's parts."""
    value = numbered(encode(referral(), id_="e-1", source="/pulang/cases", subject=CASE, time=NOW, key=CASE), 1)
    headers = (("content-type", b"application/cloudevents+json"),)
    return replace(Record(Partition("case-events", 0), 0, CASE, value, headers), **changes)


def partner(**changes: Any) -> Record:
    """A fact as the police sends it."""
    fact = SpdpSent(occurred_at=NOW, foreign_no="LP/B/12/2026", document_no="SPDP/3/2026")
    value = encode(fact, id_="e-1", source="/partner/police", subject="LP-12", time=NOW, key=None)
    return replace(Record(Partition("partner-police", 0), 0, "LP-12", value), **changes)


def read(record: Record, service: str | None = None) -> Incoming:
    reader = service or ("cases" if record.partition.topic.startswith("partner") else "notify")
    return decode(record, registry(), reader)


def with_tree(record: Record, change: Callable[[dict[str, Any]], object]) -> Record:
    """The record with its JSON changed in place."""
    tree = orjson.loads(record.value or b"")
    change(tree)
    return replace(record, value=orjson.dumps(tree))


def with_data(record: Record, raw: bytes) -> Record:
    """The record with one more member, given as raw JSON, in front of its data."""
    return replace(record, value=(record.value or b"").replace(b'"data":{', b'"data":{' + raw + b","))


WAYS = pytest.mark.parametrize("good", [own, partner], ids=["own topic", "partner topic"])


@WAYS
def test_a_good_message_is_an_event(good: Callable[..., Record]) -> None:
    incoming = read(good())
    assert incoming.event is not None
    assert (incoming.refusal, incoming.ignored) == (None, False)
    assert incoming.event.id == "e-1"
    assert incoming.event.key == good().key
    assert f"{incoming.event.source}|e-1" == incoming.identity
    assert len(incoming.digest) == 32


UNREADABLE = {
    "null value": (None, Reason.NULL_VALUE),
    "empty": (b"", Reason.EMPTY),
    "not UTF-8": (b'{"id":"\xff\xfe"}', Reason.NOT_UTF8),
    "no JSON": (b"P-004 was seen", Reason.NOT_JSON),
    "truncated": ((own().value or b"")[:-20], Reason.NOT_JSON),
    "two documents": (b"{}{}", Reason.NOT_JSON),
    "an array": (b"[]", Reason.NOT_AN_OBJECT),
    "a number": (b"7", Reason.NOT_AN_OBJECT),
    "too deep": (DEEP, Reason.TOO_DEEP),
    "2 MB": (b'{"specversion":"' + b"x" * 2_000_000 + b'"}', Reason.TOO_LARGE),
}


@WAYS
@pytest.mark.parametrize("case", UNREADABLE)
def test_an_unreadable_value_has_its_reason(good: Callable[..., Record], case: str) -> None:
    value, reason = UNREADABLE[case]
    incoming = read(good(value=value))
    if case == "too deep" and good is partner:
        reason = Reason.TOO_LARGE  # 200 kB
    assert reason == incoming.refusal
    assert incoming.event is None
    assert incoming.identity is None


INJECTED = {
    "too deep": (b'"extra":' + b"[" * 200 + b"]" * 200, Reason.TOO_DEEP),
    "deeper than the stack": (b'"extra":' + b"[" * 20_000 + b"]" * 20_000, Reason.TOO_DEEP),
    "doubled name": (b'"occurred_at":"2026-05-01T00:00:00Z"', Reason.DUPLICATE_NAME),
    "NaN": (b'"extra":NaN', Reason.NOT_A_NUMBER),
    "infinity": (b'"extra":-Infinity', Reason.NOT_A_NUMBER),
    "5,000 digits": (b'"extra":' + b"9" * 5_000, Reason.NUMBER_TOO_LONG),
    "5,000 decimals": (b'"extra":0.' + b"9" * 5_000, Reason.NUMBER_TOO_LONG),
    "2^63": (b'"extra":9223372036854775808', Reason.NUMBER_OUT_OF_RANGE),
    "below -2^63": (b'"extra":-9223372036854775809', Reason.NUMBER_OUT_OF_RANGE),
    "1e999": (b'"extra":1e999', Reason.NUMBER_OUT_OF_RANGE),
    "lone surrogate": (b'"extra":"' + SURROGATE + b'"', Reason.LONE_SURROGATE),
    "surrogate in a name": (b'"' + SURROGATE + b'":1', Reason.LONE_SURROGATE),
    "NUL": (b'"extra":"a\\u0000b"', Reason.NUL_CHARACTER),
    "NUL in a name": (b'"a\\u0000b":1', Reason.NUL_CHARACTER),
    "$where": (b'"$where":"1"', Reason.UNSAFE_NAME),
    "dotted name": (b'"a.b":1', Reason.UNSAFE_NAME),
    "nested $set": (b'"extra":{"$set":{"state":"CLOSED"}}', Reason.UNSAFE_NAME),
    "empty name": (b'"":1', Reason.UNSAFE_NAME),
}


@WAYS
@pytest.mark.parametrize("case", INJECTED)
def test_what_other_parsers_wave_through_has_its_reason(good: Callable[..., Record], case: str) -> None:
    raw, reason = INJECTED[case]
    incoming = read(with_data(good(), raw))
    assert reason == incoming.refusal
    assert incoming.event is None


ENVELOPES: dict[str, tuple[Callable[[dict[str, Any]], object], Reason, str | None]] = {
    "no id": (lambda t: t.pop("id"), Reason.MISSING_ATTRIBUTE, "/id"),
    "no source": (lambda t: t.pop("source"), Reason.MISSING_ATTRIBUTE, "/source"),
    "no type": (lambda t: t.pop("type"), Reason.MISSING_ATTRIBUTE, "/type"),
    "no subject": (lambda t: t.pop("subject"), Reason.MISSING_ATTRIBUTE, "/subject"),
    "no time": (lambda t: t.pop("time"), Reason.MISSING_ATTRIBUTE, "/time"),
    "no data": (lambda t: t.pop("data"), Reason.MISSING_ATTRIBUTE, "/data"),
    "no specversion": (lambda t: t.pop("specversion"), Reason.MISSING_ATTRIBUTE, "/specversion"),
    "old specversion": (lambda t: t.update(specversion="0.3"), Reason.WRONG_SPECVERSION, "/specversion"),
    "specversion as number": (lambda t: t.update(specversion=1.0), Reason.WRONG_SPECVERSION, "/specversion"),
    "id is a number": (lambda t: t.update(id=7), Reason.INVALID_ATTRIBUTE, "/id"),
    "time is a number": (lambda t: t.update(time=1_778_736_000), Reason.INVALID_ATTRIBUTE, "/time"),
    "time without offset": (lambda t: t.update(time="2026-05-14T05:20:00"), Reason.INVALID_ATTRIBUTE, "/time"),
    "time in year 1": (lambda t: t.update(time="0001-01-01T00:00:00Z"), Reason.DATE_OUT_OF_RANGE, "/time"),
    "data is text": (lambda t: t.update(data="x"), Reason.INVALID_ATTRIBUTE, "/data"),
    "sequence is text": (lambda t: t.update(sequence="1"), Reason.INVALID_ATTRIBUTE, "/sequence"),
    "XML inside": (lambda t: t.update(datacontenttype="text/xml"), Reason.INVALID_ATTRIBUTE, "/datacontenttype"),
    "a stranger": (lambda t: t.update(source="/partner/nobody"), Reason.WRONG_SOURCE, "/source"),
    "a type of elsewhere": (
        lambda t: t.update(type="id.pulang.notice.notice.sent.v1"),
        Reason.TYPE_NOT_ALLOWED,
        "/type",
    ),
    "no type of ours": (lambda t: t.update(type="com.example.thing"), Reason.UNKNOWN_TYPE, "/type"),
    "no foreign field": (lambda t: t["data"].pop("occurred_at"), Reason.MISSING_FIELD, "/data/occurred_at"),
    "a field of wrong kind": (lambda t: t["data"].update(occurred_at=5), Reason.INVALID_FIELD, "/data/occurred_at"),
    "occurred in year 1": (
        lambda t: t["data"].update(occurred_at="0001-01-01T00:00:00Z"),
        Reason.DATE_OUT_OF_RANGE,
        "/data/occurred_at",
    ),
}


@WAYS
@pytest.mark.parametrize("case", ENVELOPES)
def test_a_wrong_envelope_or_body_has_its_reason_and_place(good: Callable[..., Record], case: str) -> None:
    change, reason, pointer = ENVELOPES[case]
    incoming = read(with_tree(good(), change))
    assert (reason, pointer) == (incoming.refusal, incoming.pointer)
    assert incoming.event is None


FRAMES: dict[str, tuple[dict[str, Any], Reason]] = {
    "no key": ({"key": None}, Reason.MISSING_KEY),
    "empty key": ({"key": ""}, Reason.MISSING_KEY),
    "key not UTF-8": ({"key": None, "key_unreadable": True}, Reason.KEY_NOT_UTF8),
    "NUL in the key": ({"key": "a\x00b"}, Reason.NUL_CHARACTER),
    "line break in the key": ({"key": "a\nb"}, Reason.INVALID_KEY),
    "long key": ({"key": "k" * 201}, Reason.INVALID_KEY),
    "binary mode": ({"headers": (("content-type", b"application/json"), ("ce_id", b"1"))}, Reason.WRONG_CONTENT_TYPE),
    "plain text": ({"headers": (("content-type", b"text/plain"),)}, Reason.WRONG_CONTENT_TYPE),
    "UTF-16": (
        {"headers": (("Content-Type", b"application/cloudevents+json; charset=utf-16"),)},
        Reason.WRONG_CONTENT_TYPE,
    ),
    "two content types": (
        {"headers": (("content-type", b"application/cloudevents+json"), ("content-type", b"text/plain"))},
        Reason.BAD_HEADERS,
    ),
    "header not UTF-8": ({"headers": (("x", b"\xff"),)}, Reason.BAD_HEADERS),
    "header without name": ({"headers": (("", b"x"),)}, Reason.BAD_HEADERS),
    "header name not UTF-8": ({"headers": (("\ufffd\ufffd-bad", b"x"),)}, Reason.BAD_HEADERS),
    "header without value": ({"headers": (("content-type", None),)}, Reason.BAD_HEADERS),
    "a long header": ({"headers": (("x", b"x" * 5_000),)}, Reason.BAD_HEADERS),
    "33 headers": ({"headers": (("x", b"x"),) * 33}, Reason.BAD_HEADERS),
}


@WAYS
@pytest.mark.parametrize("case", FRAMES)
def test_a_wrong_key_or_header_has_its_reason(good: Callable[..., Record], case: str) -> None:
    changes, reason = FRAMES[case]
    incoming = read(good(**changes))
    assert reason == incoming.refusal
    assert (incoming.identity or "").endswith("|e-1"), "a readable sender is named all the same"


@pytest.mark.parametrize(
    "kind",
    [b"application/cloudevents+json; charset=utf-8", b'Application/CloudEvents+JSON;charset="UTF-8"'],
)
def test_a_content_type_may_name_its_charset(kind: bytes) -> None:
    assert read(own(headers=(("content-type", kind), ("x-hop", b"1")))).event is not None


def test_our_own_key_must_be_the_partition_key() -> None:
    assert read(own(key="another")).refusal == Reason.KEY_MISMATCH
    assert read(with_tree(own(), lambda t: t.pop("partitionkey"))).event is not None
    assert read(with_tree(partner(), lambda t: t.update(partitionkey="another"))).event is not None


def test_each_reader_may_be_sent_up_to_the_limit() -> None:
    padding = b" " * (MAX_EVENT_BYTES - own().size)
    assert read(own(value=(own().value or b"") + padding)).event is not None
    assert read(own(value=(own().value or b"") + padding + b" ")).refusal == Reason.TOO_LARGE
    padding = b" " * (MAX_PARTNER_BYTES - partner().size)
    assert read(partner(value=(partner().value or b"") + padding)).event is not None
    assert read(partner(value=(partner().value or b"") + padding + b" ")).refusal == Reason.TOO_LARGE


def test_a_partner_may_not_add_anything() -> None:
    extra = read(with_tree(partner(), lambda t: t["data"].update(residence="somewhere")))
    assert (extra.refusal, extra.pointer) == (Reason.UNKNOWN_FIELD, "/data")
    attribute = read(with_tree(partner(), lambda t: t.update(colour="red")))
    assert (attribute.refusal, attribute.pointer) == (Reason.UNKNOWN_ATTRIBUTE, None)
    tied = read(with_tree(partner(), lambda t: t.update(correlationid="someone-elses")))
    assert tied.refusal == Reason.UNKNOWN_ATTRIBUTE


def test_a_newer_release_of_ours_may_add_fields_and_attributes() -> None:
    incoming = read(with_tree(own(), lambda t: (t.update(colour="red"), t["data"].update(colour="red"))))
    assert incoming.event is not None
    assert referral() == incoming.event.data


@pytest.mark.parametrize(("agency", "ok"), [("police", True), ("lpsk", False), ("polri", False)])
def test_a_partner_speaks_for_itself_alone(agency: str, ok: bool) -> None:
    incoming = read(with_tree(partner(), lambda t: t.update(source=f"/partner/{agency}")))
    assert (None if ok else Reason.WRONG_SOURCE) == incoming.refusal
    assert f"/partner/{agency}|e-1" == incoming.identity
    as_us = read(with_tree(partner(), lambda t: t.update(source="/pulang/police")))
    assert as_us.refusal == Reason.WRONG_SOURCE


@pytest.mark.parametrize("source", ["/pulang/intake", "/partner/cases"])
def test_our_own_topic_has_its_writers(source: str) -> None:
    assert read(with_tree(own(), lambda t: t.update(source=source))).refusal == Reason.WRONG_SOURCE


def test_an_unknown_type_is_refused_from_a_partner_and_ignored_from_us() -> None:
    unknown = "id.pulang.police.suspect.escaped.v1"
    theirs = read(with_tree(partner(), lambda t: t.update(type=unknown)))
    assert (theirs.refusal, theirs.pointer) == (Reason.UNKNOWN_TYPE, "/type")
    ours = read(with_tree(own(), lambda t: t.update(type=unknown)))
    assert (ours.ignored, ours.refusal, ours.event) == (True, None, None)
    assert ours.identity == "/pulang/cases|e-1"


def test_a_type_of_another_service_is_ignored_without_a_look_at_its_body() -> None:
    broken = with_tree(own(), lambda t: t.update(data={"whatever": 1}))
    assert read(broken, "intake").ignored
    assert read(broken, "notify").refusal == Reason.MISSING_FIELD


def test_a_declared_type_without_a_model_stops_everything() -> None:
    models = {
        name: model for name, model in registry().models.items() if name not in (ReferralSent.type, SpdpSent.type)
    }
    incomplete = Registry(models, registry().topics)
    with pytest.raises(ModelMissing, match=ReferralSent.type):
        decode(own(), incomplete, "notify")
    with pytest.raises(ModelMissing, match=SpdpSent.type):
        decode(partner(), incomplete, "cases")
    assert decode(own(), incomplete, "intake").ignored


def test_a_day_out_of_range_is_refused() -> None:
    fact = AgreementSigned(occurred_at=NOW, foreign_no="R-1", signed_on=NOW.date())
    value = encode(fact, id_="e-1", source="/partner/lpsk", subject="R-1", time=NOW, key=None)
    record = Record(Partition("partner-lpsk", 0), 0, "R-1", value)
    assert read(record).event is not None
    ancient = read(with_tree(record, lambda t: t["data"].update(signed_on="0001-01-01")))
    assert (ancient.refusal, ancient.pointer) == (Reason.DATE_OUT_OF_RANGE, "/data/signed_on")


def test_regions_may_be_field_names() -> None:
    body = InterdictionRecorded(
        occurred_at=NOW,
        interdiction_ref="i-1",
        agency="NAKER_PROV-53",
        checkpoint="ID-KOE",
        destination="MY",
        people=9,
        origins={"53.02": 5, "53.04": 4},
        recruiters=1,
        offices=("NAKER_PROV-53",),
    )
    value = encode(body, id_="e-1", source="/pulang/intake", subject="i-1", time=NOW, key="i-1")
    record = Record(Partition("intake-events", 0), 0, "i-1", value)
    for way in (decode, decode_strictly):
        event = way(record, registry(), "notify").event
        assert event is not None
        assert body == event.data


@pytest.mark.parametrize("name", ["traceparent", "correlationid", "causationid"])
def test_a_thin_event_carries_nothing_of_others(name: str) -> None:
    ties: dict[str, Any] = {
        "correlation_id": "c-1",
        "causation_id": "c-2",
        "traceparent": f"00-{'a' * 32}-{'b' * 16}-01",
    }
    around: dict[str, Any] = {
        "id_": "e-1",
        "source": "/pulang/cases",
        "subject": "NTT-2026-048213",
        "time": NOW,
    }
    thin = AgencyPointer(occurred_at=NOW, case_no="NTT-2026-048213", what="REFERRAL_SENT", agency="LPSK-53")
    assert name in orjson.loads(encode(referral(), key=CASE, **around, **ties))
    tree = orjson.loads(numbered(encode(thin, key="NTT-2026-048213", **around, **ties), 4))
    assert name not in tree
    assert tree["sequence"] == 4


def test_correlation_begins_with_an_events_own_id() -> None:
    joined = encode(
        referral(), id_="e-2", source="/pulang/cases", subject=CASE, time=NOW, key=CASE, correlation_id="c-1"
    )
    events = [read(record).event for record in (own(), partner(), own(value=joined))]
    assert [event.correlation_id for event in events if event] == ["e-1", "e-1", "c-1"]


@pytest.mark.parametrize(
    "wrong",
    [{"id_": "two words"}, {"source": "cases"}, {"subject": ""}, {"time": NOW.replace(tzinfo=None)}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_an_envelope_that_nobody_could_read_is_not_written(wrong: dict[str, Any]) -> None:
    around: dict[str, Any] = {"id_": "e-1", "source": "/pulang/cases", "subject": CASE, "time": NOW, "key": CASE}
    with pytest.raises(ValueError, match=r"attributes|offset"):
        encode(referral(), **(around | wrong))


def test_an_event_that_no_broker_takes_is_not_written() -> None:
    crowd = MemberPublished(occurred_at=NOW, person="S-1", agency="LPSK-53", roles=("R" * 64,) * 15_000, valid_from=NOW)
    with pytest.raises(EventTooLarge):
        encode(crowd, id_="e-1", source="/pulang/cases", subject="S-1", time=NOW, key="S-1")


def test_what_just_fits_is_read_whatever_its_number() -> None:
    def note(length: int) -> Noted:
        return Noted(occurred_at=NOW, text="x" * length)

    around: dict[str, Any] = {"id_": "e-1", "source": "/pulang/cases", "subject": "S-1", "time": NOW, "key": "S-1"}
    room = MAX_EVENT_BYTES - NUMBER_BYTES - len(encode(note(0), **around))
    assert len(numbered(encode(note(room), **around), 2**53)) <= MAX_EVENT_BYTES
    with pytest.raises(EventTooLarge):
        encode(note(room + 1), **around)


@WAYS
@given(value=st.binary(max_size=300))
def test_no_bytes_make_the_decoder_fail(good: Callable[..., Record], value: bytes) -> None:
    incoming = read(good(value=value))
    assert incoming.refusal is not None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(), max_size=8), inner, max_size=3)
    ),
    max_leaves=12,
)


def as_json(value: Any) -> bytes:
    """Whatever Python's encoder can be brought to write, surrogates and NaN included."""
    return json.dumps(value).encode()


@WAYS
@given(data=st.data())
def test_no_json_makes_the_decoder_fail(good: Callable[..., Record], data: st.DataObject) -> None:
    tree = orjson.loads(good().value or b"")
    part = data.draw(st.sampled_from([tree, tree["data"]]))
    name = data.draw(st.sampled_from(sorted(part)) | st.text(max_size=5))
    part[name] = data.draw(JSON)
    incoming = read(good(value=as_json(tree)))
    assert sum([incoming.event is not None, incoming.refusal is not None, incoming.ignored]) == 1


@WAYS
@given(data=st.data())
def test_one_changed_byte_never_makes_the_decoder_fail(good: Callable[..., Record], data: st.DataObject) -> None:
    value = bytearray(good().value or b"")
    value[data.draw(st.integers(0, len(value) - 1))] = data.draw(st.integers(0, 255))
    incoming = read(good(value=bytes(value)))
    assert sum([incoming.event is not None, incoming.refusal is not None, incoming.ignored]) == 1


IDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.:|/-]{0,30}", fullmatch=True)
MOMENTS = st.datetimes(datetime(2000, 1, 2), datetime(2200, 12, 30), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)
REFERRALS = st.builds(
    referral,
    case_ref=IDS,
    referral_ref=IDS,
    due_at=MOMENTS,
    occurred_at=MOMENTS,
    urgency=st.from_regex(r"\A[A-Z]{1,9}\Z"),
)


@given(body=REFERRALS, id_=IDS, key=IDS, time=MOMENTS, correlation=st.none() | IDS, sequence=st.integers(1, 2**53))
def test_what_goes_in_comes_out(
    body: ReferralSent, id_: str, key: str, time: datetime, correlation: str | None, sequence: int
) -> None:
    value = encode(
        body,
        id_=id_,
        source="/pulang/cases",
        subject=body.case_ref,
        time=time,
        key=key,
        correlation_id=correlation,
    )
    record = own(key=key, value=numbered(value, sequence))
    incoming = read(record)
    assert incoming == decode_strictly(record, registry(), "notify"), "both ways read alike"
    event = incoming.event
    assert event is not None
    assert body == event.data
    assert (id_, key, time, body.case_ref, sequence) == (event.id, event.key, event.time, event.subject, event.sequence)
    assert (correlation or id_) == event.correlation_id


def shuffled(tree: Any, order: Callable[[list[Any]], list[Any]]) -> Any:
    if not isinstance(tree, dict):
        return tree
    return {name: shuffled(tree[name], order) for name in order(list(tree))}


@WAYS
@given(data=st.data())
def test_the_digest_sees_the_fact_and_not_its_dress(good: Callable[..., Record], data: st.DataObject) -> None:
    first = read(good()).digest
    tree = shuffled(orjson.loads(good().value or b""), lambda names: data.draw(st.permutations(names)))
    tree["time"] = "2026-06-01T00:00:00Z"
    tree["traceparent"] = f"00-{'c' * 32}-{'d' * 16}-00"
    tree["sequence"] = data.draw(st.integers(1, 1000))
    assert first == read(good(value=orjson.dumps(tree, option=orjson.OPT_INDENT_2))).digest


@WAYS
@pytest.mark.parametrize(
    "change",
    [lambda t: t["data"].update(occurred_at="2026-05-14T05:20:01Z"), lambda t: t.update(subject="other")],
    ids=["data", "subject"],
)
def test_the_digest_changes_with_the_fact(
    good: Callable[..., Record], change: Callable[[dict[str, Any]], None]
) -> None:
    digest = read(with_tree(good(), change)).digest
    assert len(digest) == 32
    assert read(good()).digest != digest

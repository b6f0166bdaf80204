"""F16, I6: a marked word typed into every field of every route, every part of an address and every partner's fact comes
out again nowhere. Where it may stay, in the vault and in quarantine, it is sealed; everywhere else it is refused.

Complete by construction: the fields are read from the routes' declarations and from the facts' golden examples.
"""

import copy
import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args, get_origin
from uuid import uuid4

import httpx
import pytest
from pydantic import BaseModel

from deploy.demo.leaks import in_mail, in_mongo, oplog_now
from shared.events.incoming import Partition, Record
from shared.events.registry import load_topics, registry
from shared.http.specs import RouteSpec
from shared.kernel.ids import new_id
from shared.security.vaulted import IntoVault
from shared.service.definition import Role
from shared.service.roles import running
from shared.service.runtime import Runtime
from tests.architecture.test_house import SERVICES
from tests.integration.test_intake_canaries import bytes_of, captured, spellings
from tests.support.addresses import Addresses
from tests.support.anyone import UNLIMITED
from tests.support.asking import ROWS, Ask, cases, notify
from tests.support.asking.rows import sent
from tests.support.cases import PRODUCERS, running_cases
from tests.support.declared_topics import bytes_in, declared_topics
from tests.support.intake import running_intake
from tests.support.notify import Notify
from tests.support.platform import until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

EXAMPLES = Path(__file__).parents[2] / "shared/events/examples"
WORD = "kanari" + "".join(chr(97 + digit % 26) for digit in uuid4().bytes)
TEXT = f"Nona {WORD}"
"""What a name looks like: no code and no reference does."""
DIGITS = str(uuid4().int)[:9]
VILLAGE = "53.02.01.2012"
TYPED = {WORD: "the word", DIGITS: "the number"}
NEEDLES = (WORD, WORD.upper(), DIGITS, VILLAGE)
FITTING: Mapping[str, Any] = {
    "nik": f"530299{DIGITS}1", "passport_no": f"X{DIGITS}", "phone": f"08{DIGITS}", "phones": [f"08{DIGITS}"],
    "village": VILLAGE, "birth_date": "1999-12-31", "aliases": [TEXT],
}  # fmt: skip
"""What the vault's fields take; everything else there is a name or prose."""

Place = tuple[str | int, ...]


@dataclass
class Walk:
    """A running service, and what it answered to the words."""

    runtime: Runtime
    world: Any
    http: httpx.AsyncClient
    answers: list[tuple[str, httpx.Response]] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    """Fields into the vault that took the word."""

    @property
    def specs(self) -> list[RouteSpec]:
        """The service's routes."""
        return [spec for routes in self.runtime.service.routes for spec in routes.specs]

    async def send(self, what: str, ask: Ask) -> httpx.Response:
        """One request; its answer is kept."""
        answer: httpx.Response = await sent(self.world, ask)
        self.answers.append((what, answer))
        return answer


@asynccontextmanager
async def walk(name: str, stack: Addresses, unique: str, folder: Path) -> AsyncIterator[Walk]:
    """The service with its staff."""
    if name == "cases":
        async with running_cases(stack, unique) as ours:
            await ours.hire(cases.ROSTER)
            yield Walk(ours.runtime, ours, ours.http)
    elif name == "intake":
        async with running_intake(stack, unique) as stops:
            yield Walk(stops.running.runtime, stops, stops.http)
    else:
        given = {"kafka_bootstrap": stack.kafka_bootstrap, "topic_prefix": f"{unique}-"}
        async with notify.office(stack.mongo_uri, unique, folder, **given) as desk:
            yield Walk(desk.ours.runtime, desk, desk.http)


def fields_of(model: type[BaseModel], at: Place = ()) -> Iterator[tuple[Place, bool]]:
    """Every field that holds a value, of parts and of lists' first items too, and whether it goes into the vault."""
    for name, each in model.model_fields.items():
        within = list(_within(each.annotation))
        part = next((one for one in within if isinstance(one, type) and issubclass(one, BaseModel)), None)
        listed = any(get_origin(one) in (list, tuple) for one in within)
        if part is not None:
            yield from fields_of(part, (*at, name, *((0,) if listed else ())))
        else:
            yield (*at, name), IntoVault in each.metadata or any(IntoVault in _marks(one) for one in within)


def _within(annotation: Any) -> Iterator[Any]:
    yield annotation
    for inner in get_args(annotation):
        yield from _within(inner)


def _marks(annotation: Any) -> tuple[Any, ...]:
    return tuple(getattr(annotation, "__metadata__", ()))


def planted(body: Any, place: Place, value: Any) -> Any:
    """The body with this value there, whatever stood there before."""
    made = here = copy.deepcopy(body)
    for step, following in pairwise(place):
        if isinstance(step, int) and not here:
            here.append(None)
        known = here[step] if isinstance(step, int) else here.get(step)
        here[step] = known or ([] if isinstance(following, int) else {})
        here = here[step]
    here[place[-1]] = value
    return made


async def type_into_bodies(ours: Walk, spec: RouteSpec) -> None:
    """One request for each field of the body; where the vault takes it, everything else is as it should be."""
    ask = await ROWS[ours.runtime.service.name][spec.audit](ours.world)
    for place, vaulted in fields_of(spec.body) if spec.body else ():
        name, what = str(place[-1]), f"{spec.method} {spec.path} {'/'.join(map(str, place))}"
        if not vaulted:
            await ours.send(what, replace(ask, body=planted(ask.body, place, TEXT)))
            continue
        fresh = await ROWS[ours.runtime.service.name][spec.audit](ours.world)
        body = planted(fresh.body, place, FITTING.get(name, TEXT))
        for other in ALTERNATIVES.get((spec.audit, place), ()):
            body.pop(other, None)
        answer = await ours.send(what, replace(fresh, body=body))
        assert answer.status_code == spec.status, (what, answer.text)
        ours.taken.add(what)


ALTERNATIVES: Mapping[tuple[str, Place], tuple[str, ...]] = {
    ("INTERDICTION_RECORDED", ("village",)): ("checkpoint",),
    ("SUBJECTS_SEARCHED", ("nik",)): ("name",),
}
"""What stands in a body instead of a field."""


async def type_into_addresses(ours: Walk, spec: RouteSpec) -> None:
    """The word in each place of the path, in each parameter, and in the headers that a caller writes."""
    ask = await ROWS[ours.runtime.service.name][spec.audit](ours.world)
    names = re.findall(r"{([a-z_]+)}", spec.path)
    for name in names:
        others = {each: TEXT if each == name else new_id() for each in names}
        await ours.send(f"{spec.path} {name}", replace(ask, path=spec.path.format(**others)))
    for name in sorted(spec.query_names):
        await ours.send(f"{spec.path}?{name}", replace(ask, path=f"{ask.path}?{name}={TEXT}"))
    await ours.send(f"{spec.path} unknown parameter", replace(ask, path=f"{ask.path}?{WORD}={TEXT}"))
    for header in (
        "X-Purpose",
        "If-Match",
        "Idempotency-Key",
        "X-Correlation-Id",
        "Traceparent",
        "User-Agent",
        "Accept-Language",
    ):
        await ours.send(f"{spec.path} {header}", replace(ask, headers={**ask.headers, header: TEXT}))


async def type_into_facts(ours: Walk, topics: Mapping[str, str]) -> int:
    """The word in each value of each event that comes in, envelope included, by type and topic; answers how many there
    were."""
    offsets: dict[str, int] = {}
    for type_, topic in topics.items():
        example = json.loads((EXAMPLES / type_ / "full.json").read_text())
        example["source"] = PRODUCERS.get(topic, example["source"])
        for place in leaves(example):
            fact = planted({**example, "id": f"L-{new_id()}"}, place, TEXT)
            offset = offsets[topic] = offsets.get(topic, FIRST - 1) + 1
            here = Partition(topic, 0)
            if offset == FIRST:
                await ours.runtime.lane.positions([here])
            raw = json.dumps(fact).encode()
            await ours.runtime.lane.apply(
                [ours.runtime.decode(Record(here, offset, str(fact.get("partitionkey")), raw))]
            )
    return sum(each + 1 - FIRST for each in offsets.values())


FIRST = 100
"""Where on a topic these begin, after whatever made the service's world."""


def partners_facts() -> Mapping[str, str]:
    """What partners can send: type → topic."""
    known = registry().topics.values()
    return {type_: spec.name for spec in known if spec.name.startswith("partner-") for type_ in spec.types}


def reasons_to_write() -> Mapping[str, str]:
    """What notify writes of to people: type → topic."""
    known = registry().topics.values()
    return {type_: spec.name for spec in known for type_, readers in spec.types.items() if "notify" in readers}


def leaves(value: Any, at: Place = ()) -> Iterator[Place]:
    """Where values stand in a document."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if not isinstance(value, dict | list):
        yield at
    for name, inner in pairs:
        yield from leaves(inner, (*at, name))


@pytest.fixture(autouse=True)
def _unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.http.limiting.load_limits", lambda: UNLIMITED)


@pytest.mark.parametrize("name", SERVICES)
async def test_a_word_that_is_typed_anywhere_comes_out_nowhere(
    name: str, stack: Addresses, unique: str, tmp_path: Path
) -> None:
    since = oplog_now(stack.mongo_uri)
    async with declared_topics(stack, unique) as kafka:
        with captured() as logs:
            async with walk(name, stack, unique, tmp_path) as ours:
                for spec in ours.specs:
                    await type_into_bodies(ours, spec)
                    await type_into_addresses(ours, spec)
                if name == "cases":
                    assert await type_into_facts(ours, partners_facts()) > 100
                if name == "notify":
                    await send_mails(ours.world.ours)
                    assert in_mail(tmp_path, TYPED).clean
                metrics = (await ours.http.get("/metrics")).text
                await publish(ours)
        topics = {each: b"\n".join(await bytes_in(kafka, each)) for each in load_topics()}
    databases = bytes_of(stack, unique)
    assert (name == "intake") == bool(ours.taken), "what is typed into the vault's fields got in"
    assert any(topics.values()), "what is published would be found"
    assert not leaks({f"database {each}": held for each, held in databases.items()})
    assert in_mongo(stack.mongo_uri, (), since, TYPED).clean
    assert not leaks({f"topic {each}": held for each, held in topics.items()})
    assert not leaks({"logs": logs.getvalue().encode(), "metrics": metrics.encode()})
    assert not leaks({what: answer.content + repr(answer.headers).encode() for what, answer in ours.answers})


async def test_a_word_in_what_notify_is_told_is_in_no_mail_notice_or_topic(
    stack: Addresses, unique: str, tmp_path: Path
) -> None:
    async with declared_topics(stack, unique) as kafka:
        with captured() as logs:
            async with walk("notify", stack, unique, tmp_path) as ours:
                assert await type_into_facts(ours, reasons_to_write()) > 100
                await send_mails(ours.world.ours)
                await publish(ours)
                assert await forget_parked(ours.runtime) > 0
        topics = {each: b"\n".join(await bytes_in(kafka, each)) for each in load_topics()}
    assert in_mail(tmp_path, TYPED).clean
    assert topics["notice-events"], "what is published would be found"
    assert not leaks({f"topic {each}": held for each, held in topics.items()})
    assert not leaks({f"database {each}": held for each, held in bytes_of(stack, unique).items()})
    assert not leaks({"logs": logs.getvalue().encode()})


async def forget_parked(runtime: Runtime) -> int:
    """What another service of ours should never have written waits as it lies on its topic; answers how many."""
    await runtime.mongo.collection("parked_heads").delete_many({})
    return (await runtime.mongo.collection("parked").delete_many({})).deleted_count


async def send_mails(ours: Notify) -> None:
    """Everything that waits goes to the mail server."""
    while await ours.sender.round():
        pass


async def publish(ours: Walk) -> None:
    """Everything that waits in the outbox goes to the brokers."""
    async with running(ours.runtime, Role.RELAY):

        async def empty() -> bool:
            return await ours.runtime.mongo.collection("outbox").find_one({}) is None

        await until(empty)


def leaks(held: Mapping[str, bytes]) -> list[tuple[str, str]]:
    """Where a word stands in the clear, by place and word."""
    return [
        (where, needle)
        for where, content in held.items()
        for needle in NEEDLES
        for spelling in spellings(needle)
        if spelling in content
    ]

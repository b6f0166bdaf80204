"""F23 over HTTP: every route, asked by members of staff in every relation, answers what the matrix says.

Each kind of thing is made once by the service itself and then copied into every relation, for each role that the
matrix names, once as it is, once kept from that member for an interest of their own, and once sealed.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from services.cases.domain.task import Task
from services.intake.domain.screening import ScreeningRound
from services.notify.app import service as notify_service
from services.notify.domain.channel import Channel
from services.notify.domain.delivery import Delivery
from services.notify.domain.notice import About, Notice
from services.notify.settings import Settings as NotifySettings
from shared.http.masking import plan_of
from shared.http.specs import RouteSpec, Style
from shared.kernel.aggregate import Aggregate
from shared.kernel.clock import system_clock
from shared.kernel.context import Actor
from shared.kernel.ids import new_id
from shared.mongo.documents import to_document
from shared.security.seals import Seal
from shared.security.staff import Member
from shared.service.definition import Role
from shared.service.runtime import Runtime
from tests.integration.test_access import giving
from tests.integration.test_cases_api import LPSK, MANAGER, opened, referred
from tests.integration.test_intake_disclosure import stopped
from tests.support.addresses import Addresses
from tests.support.anyone import UNLIMITED
from tests.support.cases import running_cases
from tests.support.intake import DPO, POSKO, SINCE, running_intake
from tests.support.matrix import NO, Expected, Row, matrix
from tests.support.platform import Caller, SignIn, local, serving, sign_in
from tests.support.relations import ELSEWHERE, RELATIONS

pytestmark = pytest.mark.integration

OFFICES: Mapping[str, str] = {
    "POSKO_OFFICER": "NAKER_PROV-53", "INTAKE_OFFICER": "UPTD_PPA-53.02", "CASE_MANAGER": "UPTD_PPA-53.02",
    "AGENCY_OFFICER": "LPSK-53", "SUPERVISOR": "UPTD_PPA-53.02", "DPO": "DPO-53",
    "SECRETARIAT": "GT_PROV-53",  # pragma: allowlist secret
    "AGENCY_ADMIN": "UPTD_PPA-53.02", "ANALYST": "GT_PROV-53", "AUDITOR": "GT_PROV-53", "OPERATOR": "UPTD_PPA-53.02",
}  # fmt: skip
"""Where the members work who ask; each has one role."""
AS_IT_IS, EXCLUDED, SEALED = "as it is", "excluded", "sealed"
FOUND = frozenset({200, 201, 400, 409, 412, 422, 428})
"""What a command on something that is there for the caller may answer to an empty body."""


@dataclass
class World:
    """A running service, one thing of each kind in it, and who asks."""

    runtime: Runtime
    caller: Caller
    templates: Mapping[str, Mapping[str, Any]]
    asked: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def rows(self) -> Mapping[str, Row]:
        """What is expected of its routes."""
        return matrix().services[self.runtime.service.name]

    def specs(self) -> Iterable[tuple[RouteSpec, Row]]:
        """Its routes, but for those where no person's token is one."""
        specs = [spec for routes in self.runtime.service.routes for spec in routes.specs if not spec.for_systems]
        return [(spec, self.rows[f"{spec.method} {spec.path}"]) for spec in specs]

    async def put(self, *models: Aggregate) -> None:
        """Store aggregates as they are."""
        for model in models:
            await self.runtime.mongo.collection(model.collection).insert_one(to_document(model))

    async def member(self, role: str, relation: str) -> Actor:
        """A new member of staff with this role; who asks for what is elsewhere answers for another regency."""
        places = (ELSEWHERE,) if relation.endswith("elsewhere") else ()
        person = f"P-{new_id()}"
        await self.put(Member(id=person, agency=OFFICES[role], roles=(role,), kabupaten=places, valid_from=SINCE))
        return Actor(person, OFFICES[role], frozenset({role}))

    async def thing(self, kind: str, relation: str, actor: Actor, why: str) -> str:
        """One that stands so to the actor; answers its id."""
        document = {**self.templates[kind], **fresh(kind, self.templates[kind])}
        document |= {name: stored(value) for name, value in RELATIONS[kind][relation](actor).items()}
        if document.get("case_ref"):
            document["case_ref"] = new_id()
        id_ = document["_id"] = document.pop("id", document["_id"])
        if id_ == actor.person:
            return actor.person
        if kind == "Case":  # so that one reference stands for it in every path
            document["case_no"] = id_
        collection = self.runtime.service.policies.kinds[kind].kind.collection
        await self.runtime.mongo.collection(collection).replace_one({"_id": id_}, document, upsert=True)
        if why != AS_IT_IS:
            [name] = by(kind, why)
            await self.keep_out(actor, why, id_ if name == "id" else document[name])
        return str(id_)

    async def a_round(self, person: str) -> None:
        """A screening of the person under the person's own reference, for the route that names both."""
        said = {"indicators": [], "facts": [], "confirmed": False}
        sealed = await self.runtime.parts.crypto.encrypt_document(person, said)
        done = {**self.templates["ScreeningRound"], "_id": person, "subject_ref": person, "sealed": sealed}
        await self.runtime.mongo.collection(ScreeningRound.collection).insert_one(done)

    async def keep_out(self, actor: Actor, why: str, given: Any) -> None:
        """From what stands here: this member, or everybody."""
        refs = given if isinstance(given, list) else [given["ref"] if isinstance(given, dict) else given]
        if why == EXCLUDED:
            staff = self.runtime.mongo.collection(Member.collection)
            await staff.update_one({"_id": actor.person}, {"$set": {"excluded": refs}})
        for ref in refs if why == SEALED else ():
            await self.put(
                Seal(id=ref, seal_ref="seal-1", kind="CASE", people=(), offices=(), active=True, since=SINCE)
            )

    async def ask(self, actor: Actor, spec: RouteSpec, ref: str) -> httpx.Response:
        """One request, with a body that says nothing where there is one."""
        names = [part[1:-1] for part in spec.path.split("/") if part.startswith("{")]
        path = spec.path.format(**dict.fromkeys(names, ref))
        more = {"X_Purpose": "CASEWORK"} | ({"If_Match": '"AAAAAAAAAAAAAAA"'} if spec.if_match else {})
        path += "?limit=200" if "limit" in spec.query_names else ""
        self.asked += 1
        return await self.caller.call(actor.person, spec.method, path, {} if spec.body else None, **more)


def by(kind: str, why: str) -> tuple[str, ...]:
    """The first reference by which somebody is kept out of it; none where nobody is."""
    return matrix().kept_out[why][kind][:1] if why != AS_IT_IS else ()


def fresh(kind: str, template: Mapping[str, Any]) -> Mapping[str, Any]:
    """What no two of a kind may share: its own keys, and what it refers to."""
    names = {"_id", *UNIQUE.get(kind, ()), *{"subject_ref"} & template.keys()}
    refs = {name: [new_id()] for name in ("refs", "subjects") if isinstance(template.get(name), list | tuple)}
    about = {"about": {**template["about"], "ref": new_id()}} if kind == "Notice" else {}
    ids = {name: new_id() for name in names}
    ids["_id"] = f"Q-{ids['_id']}" if kind == "Member" else ids["_id"]  # newer than whoever asks
    return ids | refs | about


UNIQUE: Mapping[str, tuple[str, ...]] = {
    "Case": ("case_no",), "AgencyFile": ("foreign_no",), "Referral": ("open_key",), "Notice": ("event_id",),
    "Delivery": ("event_id",),
}  # fmt: skip


def stored(value: Any) -> Any:
    """A relation's value as the database keeps it."""
    if isinstance(value, SimpleNamespace):
        return {"referral_ref": new_id(), "consents": [], **vars(value)}
    return [stored(each) for each in value] if isinstance(value, tuple) else value


@asynccontextmanager
async def intake(stack: Addresses, unique: str) -> AsyncIterator[World]:
    """Intake with a stop and its person, a round, a request and a hold."""
    async with running_intake(stack, unique) as ours:
        _, person = await stopped(ours)
        now = system_clock().isoformat()
        said = {"occurred_at": now, "private": True, "confirmed": False, "indicators": ["RECRUIT"]}
        await ours.post(POSKO, f"{person}/screenings", said)
        await ours.post(POSKO, f"{person}/requests", {"right": "ERASURE", "occurred_at": now})
        await ours.post(DPO, f"{person}/holds", {"basis": "POLICE_REPORT"})
        yield await world(ours.running.runtime, ours)


@asynccontextmanager
async def cases(stack: Addresses, unique: str) -> AsyncIterator[World]:
    """Cases with a case and all of its parts, a task and a breach."""
    async with running_cases(stack, unique) as ours:
        case = await opened(ours)
        await ours.post(MANAGER, f"{case}/access", giving())
        case_no = (await ours.read(MANAGER, case))["case_no"]
        await ours.post(LPSK, f"/v1/case-numbers/{case_no}/emergency-access", {"reason": "LIFE_IN_DANGER"})
        referral = await referred(ours, case)
        await ours.move(LPSK, referral, {"move": "ACCEPT", "data": {"foreign_no": "PP.01/2026"}})
        officer = Member(id=DPO, agency="DPO-53", roles=("DPO",), valid_from=SINCE)
        task = Task(id="t", kind="CALL", case_ref="c", agency="", assignee=None, about="x", reason="NO_RECIPIENT")
        for each in (officer, task):
            await ours.runtime.mongo.collection(each.collection).insert_one(to_document(each))
        await ours.post(DPO, "/v1/breaches", {"kind": "ACCOUNT_MISUSED"})
        yield await world(ours.runtime, ours)


@dataclass
class Asking(Caller):
    """Requests to notify."""

    http: httpx.AsyncClient
    signing: SignIn


@asynccontextmanager
async def notify(stack: Addresses, unique: str) -> AsyncIterator[World]:
    """Notify with a notice and its delivery."""
    async with sign_in() as signing:
        given = local(NotifySettings, stack, unique, signing.url, mail_tls="none")
        async with serving(notify_service(given), given, Role.API) as running:
            values: dict[str, str | None] = {"case_no": "NTT-2026-048213"}
            about, usual = About(kind="CASE", ref="c"), {"event_id": "e", "office": "LPSK-53", "refs": ("c",)}
            notice = Notice(id="n", template="case_news", values=values, about=about, happened_at=SINCE, **usual)
            more = {"recipient": "LPSK-53/desk", "channel": Channel.EMAIL, "correlation_id": "k", "case_ref": "c"}
            for each in (notice, Delivery(id="d", notice="n", **usual, **more)):
                await running.runtime.mongo.collection(each.collection).insert_one(to_document(each))
            yield await world(running.runtime, Asking(running.http, signing))


async def world(runtime: Runtime, caller: Caller) -> World:
    """The service with what is in it as templates; raises AssertionError where there is none of a kind."""
    seal = Seal(id=new_id(), seal_ref="s", kind="CASE", people=(), offices=(), active=True, since=SINCE)
    await runtime.mongo.collection(Seal.collection).insert_one(to_document(seal))
    templates = {}
    for name, kind in runtime.service.policies.kinds.items():
        templates[name] = await runtime.mongo.collection(kind.kind.collection).find_one({}) or {"_id": ""}
    assert not [name for name, found in templates.items() if len(found) == 1 and name != "Office"]
    return World(runtime, caller, templates)


STARTS: list[Callable[[Addresses, str], AbstractAsyncContextManager[World]]] = [intake, cases, notify]


@pytest.fixture(autouse=True)
def _unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.http.limiting.load_limits", lambda: UNLIMITED)


def cells(spec: RouteSpec, row: Row, kind: str) -> Iterable[tuple[str, str, str, Expected]]:
    """Relation, role, why they may be kept out, and what is expected: each role that the row names anywhere, and one
    that it does not."""
    named = {role for relations in row.kinds.values() for roles in relations.values() for role in roles}
    for relation in row.kinds[kind]:
        for role in (*sorted(named), *sorted(set(OFFICES) - named)[:1]):
            expected = row.expected(kind, relation, role, OFFICES[role].rpartition("-")[0])
            yield relation, role, AS_IT_IS, expected
            if expected.allowed and not relation.endswith("elsewhere"):
                yield from ((relation, role, why, NO) for why in (EXCLUDED, SEALED) if by(kind, why))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("start", STARTS, ids=lambda start: start.__name__)
async def test_every_route_answers_everybody_as_the_matrix_says(
    start: Callable[..., AbstractAsyncContextManager[World]], stack: Addresses, unique: str
) -> None:
    async with start(stack, unique) as ours:
        before = await ours.runtime.mongo.collection("audit").count_documents({})
        for spec, row in ours.specs():
            if spec.on is not None:
                await about_one(ours, spec, row)
            elif spec.style in (Style.LIST, Style.QUERY):
                await about_several(ours, spec, row)
            else:
                await at_the_door(ours, spec, row)
        assert not ours.wrong
        assert await ours.runtime.mongo.collection("audit").count_documents({}) - before == ours.asked


async def about_one(ours: World, spec: RouteSpec, row: Row) -> None:
    """A route on one thing: it is there with the classes that are shown, or the answer is that of none."""
    assert spec.on is not None
    kind, absent = spec.on.kind.__name__, dict[str, Any]()
    for relation, role, why, expected in cells(spec, row, kind):
        actor = await ours.member(role, relation)
        thing = await ours.thing(kind, relation, actor, why)
        if "{screening}" in spec.path:
            await ours.a_round(thing)
        answer = await ours.ask(actor, spec, thing)
        if not expected.allowed:
            if role not in absent:
                absent[role] = told(await ours.ask(actor, spec, new_id()))
            right = answer.status_code == 404 and told(answer) == absent[role]
        elif spec.style is Style.COMMAND:
            right = answer.status_code in FOUND
        else:
            right = answer.status_code == 200 and (spec.style is Style.LIST or masked_as(answer.json(), spec, expected))
        note(ours, right, spec, (relation, role, why), answer)


async def about_several(ours: World, spec: RouteSpec, row: Row) -> None:
    """A list: it holds the thing with the classes that are shown, or it is the list of somebody to whom nothing is."""
    [kind] = row.kinds
    for relation, role, why, expected in cells(spec, row, kind):
        actor = await ours.member(role, relation)
        thing = await ours.thing(kind, relation, actor, why)
        answer = await ours.ask(actor, spec, "")
        opens = row.opens(role, actor.agency.rpartition("-")[0])
        items = answer.json().get("items", [])
        held = [item for item in items if thing in (item.get("id"), item.get("ref"), item.get("person"))]
        right = answer.status_code == (200 if opens else 403) and bool(held) == expected.allowed
        shows = all(masked_as(item, spec, expected) for item in held) if spec.style is Style.LIST else True
        note(ours, right and shows, spec, (relation, role, why), answer)


async def at_the_door(ours: World, spec: RouteSpec, row: Row) -> None:
    """What is about no thing yet: refused to whoever can have no part in it, before the body is looked at."""
    for role, office in OFFICES.items():
        actor = await ours.member(role, "own")
        answer = await ours.ask(actor, spec, "")
        opens = row.opens(role, office.rpartition("-")[0])
        note(ours, (answer.status_code in FOUND) if opens else answer.status_code == 403, spec, (role,), answer)


def masked_as(body: Mapping[str, Any], spec: RouteSpec, expected: Expected) -> bool:
    """Whether exactly the fields of other classes than those shown are null and named."""
    closed = {each.name for each in plan_of(spec.model) if each.data_class and each.data_class not in expected.shows}
    named = {pointer[1:] for pointer in body["masked"] if "/" not in pointer[1:]}
    return named == closed and all(body[name] is None for name in closed)


def told(answer: httpx.Response) -> tuple[int, Any, Any]:
    """All that can be compared; ids of the request and the hour are the request's own."""
    own = {"date", "x-correlation-id", "traceparent", "x-request-id"}
    headers = {name: value for name, value in answer.headers.items() if name not in own}
    return answer.status_code, {**answer.json(), "correlation_id": ""}, headers


def note(ours: World, right: bool, spec: RouteSpec, cell: tuple[str, ...], answer: httpx.Response) -> None:
    """Keep what is not as it should be, so that one run tells everything."""
    if not right:
        ours.wrong.append(f"{spec.method} {spec.path} {' '.join(cell)}: {answer.status_code} {answer.text[:200]}")

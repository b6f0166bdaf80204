"""Requests that the OpenAPI documents allow and forbid, made up by schemathesis, by everybody who has a role: nothing
answers 5xx, nothing answers what the document does not say, and every refusal is a problem document."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from services.notify.app import service as notify_service
from services.notify.settings import Settings as NotifySettings
from shared.events.registry import registry
from shared.kernel.aggregate import Aggregate
from shared.kernel.ids import new_id
from shared.mongo.documents import to_document
from shared.reference.roles import ROLES
from shared.security.staff import Member
from shared.service.definition import Role
from shared.service.runtime import Runtime
from tests.integration.test_cases_api import opened, referred
from tests.integration.test_intake_disclosure import stopped
from tests.support.addresses import Addresses
from tests.support.anyone import UNLIMITED
from tests.support.cases import running_cases
from tests.support.intake import SINCE, running_intake
from tests.support.platform import SignIn, local, serving, sign_in

pytestmark = pytest.mark.integration

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
OFFICES = ("UPTD_PPA-53.71", "LPSK-53", "POLRI-53", "BP3MI-53", "NAKER_PROV-53")


@dataclass
class Interface:
    """A running service with something in it, and how to ask it."""

    runtime: Runtime
    url: str
    signing: SignIn

    async def document(self) -> dict[str, Any]:
        """What it says about itself."""
        async with httpx.AsyncClient(base_url=self.url) as http:
            found: dict[str, Any] = (await http.get("/openapi.json")).json()
        return found

    async def hire_all(self) -> list[str]:
        """One person for each role in each kind of office, and often those who have a part in what is there."""
        staff = await self.runtime.mongo.collection(Member.collection).find({}, {"_id": 1}).to_list(None)
        people = [row["_id"] for row in staff] * 8
        for role, office in itertools.product(ROLES, OFFICES):
            person = f"P-{len(people):03}"
            member = Member(id=person, agency=office, roles=(role,), kabupaten=("53.02",), valid_from=SINCE)
            await self.runtime.mongo.collection(Member.collection).insert_one(to_document(member))
            people.append(person)
        return people

    async def known(self) -> dict[str, list[str]]:
        """The placeholder of a path → references that exist."""
        on = {spec.on for routes in self.runtime.service.routes for spec in routes.specs if spec.on}
        return {target.name: await self._ids(target.kind) for target in on}

    async def _ids(self, kind: type[Aggregate]) -> list[str]:
        rows = await self.runtime.mongo.collection(kind.collection).find({}, {"_id": 1}).limit(20).to_list(None)
        return [row["_id"] for row in rows]


@asynccontextmanager
async def intake(stack: Addresses, unique: str) -> AsyncIterator[Interface]:
    """Intake with two stops."""
    async with running_intake(stack, unique) as ours:
        for _ in range(2):
            await stopped(ours)
        yield Interface(ours.running.runtime, str(ours.http.base_url), ours.signing)


@asynccontextmanager
async def cases(stack: Addresses, unique: str) -> AsyncIterator[Interface]:
    """Cases with a case and a referral."""
    async with running_cases(stack, unique) as ours:
        await referred(ours, await opened(ours))
        yield Interface(ours.runtime, str(ours.http.base_url), ours.signing)


@asynccontextmanager
async def notify(stack: Addresses, unique: str) -> AsyncIterator[Interface]:
    """Notify with empty inboxes."""
    async with sign_in() as signing:
        given_ = local(NotifySettings, stack, unique, signing.url, mail_tls="none")
        async with serving(notify_service(given_), given_, Role.API) as running:
            yield Interface(running.runtime, str(running.http.base_url), signing)


def problems(answer: Any) -> None:
    """Raise AssertionError where a refusal is no problem document."""
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == ["application/problem+json"]
        assert {"type", "title", "status", "code", "correlation_id"} <= set(answer.json())
        assert answer.json()["status"] == answer.status_code


def ask(
    ours: Interface, document: dict[str, Any], people: list[str], known: dict[str, list[str]], times: int
) -> set[int]:
    """Ask every operation so often; answers the statuses that came."""
    schema = schemathesis.openapi.from_dict(document)
    seen: set[int] = set()
    systems = {client: f"Bearer {ours.signing.issuer.mint_partner(client)}" for client in registry().partners()}
    tokens = {person: f"Bearer {ours.signing.issuer.mint(person)}" for person in set(people)} | systems
    inboxes = {spec.path for routes in ours.runtime.service.routes for spec in routes.specs if spec.for_systems}
    for found in schema.get_all_operations():
        operation = found.ok()
        modes = [
            operation.as_strategy(generation_mode=mode) for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
        ]
        drawn = st.one_of(modes[0], modes[0], modes[1])
        askers = [*systems, people[0]] if operation.path in inboxes else people

        @settings(
            max_examples=times,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=drawn, person=st.sampled_from(askers), choice=st.integers(min_value=0))
        def once(case: Case, person: str, choice: int) -> None:
            for name in case.path_parameters or {}:
                if choice % 4 and known.get(name):
                    case.path_parameters[name] = known[name][choice % len(known[name])]
            sensible = {"Authorization": tokens[person]} if choice % 16 else {}
            if choice % 5:
                sensible |= {"Idempotency-Key": new_id(), "X-Purpose": "CASEWORK"} | current(ours.url, case, sensible)
            for name in [name for name in case.headers if name.lower() in map(str.lower, sensible)]:
                del case.headers[name]
            answer = case.call(base_url=ours.url, headers=sensible)
            seen.add(answer.status_code)
            problems(answer)
            case.validate_response(answer, checks=CHECKS)

        once()
    return seen


def current(url: str, case: Case, headers: dict[str, str]) -> dict[str, str]:
    """The precondition of somebody who has just read what they now change."""
    if case.method.upper() not in ("POST", "PUT") or not case.path_parameters:
        return {}
    place = case.formatted_path if case.method.upper() == "PUT" else case.formatted_path.rpartition("/")[0]
    tag = httpx.get(url.rstrip("/") + place, headers=headers).headers.get("etag")
    return {"If-Match": tag} if tag else {}


SERVICES: list[Callable[[Addresses, str], Any]] = [intake, cases, notify]


async def examine(start: Any, stack: Addresses, unique: str, times: int) -> set[int]:
    """One service from end to end."""
    async with start(stack, unique) as ours:
        people = await ours.hire_all()
        return await asyncio.to_thread(ask, ours, await ours.document(), people, await ours.known(), times)


@pytest.fixture(autouse=True)
def _unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.http.limiting.load_limits", lambda: UNLIMITED)


@pytest.mark.parametrize("start", SERVICES, ids=lambda start: start.__name__)
async def test_whatever_is_asked_is_answered_as_documented(start: Any, stack: Addresses, unique: str) -> None:
    seen = await examine(start, stack, unique, times=15)
    assert seen & {200, 201}, "nobody ever came through"
    assert seen & {404, 403}
    assert seen & {400, 422}


@pytest.mark.nightly
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("start", SERVICES, ids=lambda start: start.__name__)
async def test_whatever_is_asked_all_night_is_answered_as_documented(start: Any, stack: Addresses, unique: str) -> None:
    assert await examine(start, stack, unique, times=500)

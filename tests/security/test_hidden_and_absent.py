"""What somebody may not see and what does not exist take one path: the same commands to the database, status, body and
headers, on every route that is about one thing. How far their times can be told apart is reported."""

import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pymongo import monitoring

from services.cases.api import ROUTES as CASES_ROUTES
from services.intake.api import ROUTES as INTAKE_ROUTES
from services.notify.api import inbox
from shared.http.specs import RouteSpec
from shared.kernel.clock import system_clock
from shared.kernel.ids import new_id
from tests.integration.test_cases_api import LPSK, opened, referred
from tests.integration.test_erasure import somebody
from tests.integration.test_intake_disclosure import stopped
from tests.integration.test_sealed_people import published
from tests.support.addresses import Addresses
from tests.support.asking.cases import ROSTER, entry
from tests.support.asking.notify import Office, a_notice, office
from tests.support.cases import Cases, running_cases
from tests.support.intake import ALOR, CHIEF, DPO, MANAGER, UPTD, Intake, running_intake
from tests.support.notify import member

pytestmark = pytest.mark.integration

ROUNDS = 100
OFFICE_OF_LPSK = "LPSK-53"


class Commands(monitoring.CommandListener):
    """Notes what the driver sends about records and audit."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, str]] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """A command: its name, its collection, and the form of what it looks for."""
        if event.command_name in ("find", "insert", "update"):
            collection = event.command[event.command_name]
            self.sent.append((event.command_name, collection, form(event.command.get("filter"))))

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Not of interest."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Not of interest."""


def form(filter_: Any) -> str:
    """A filter without the one id that is looked for."""
    if isinstance(filter_, dict | list):
        pairs = filter_.items() if isinstance(filter_, dict) else enumerate(filter_)
        return str([(name, "?" if name == "_id" else form(value)) for name, value in pairs])
    return str(filter_)


@pytest.fixture
def commands() -> Iterator[Commands]:
    """A listener that every client made from now on has."""
    listener = Commands()
    monitoring.register(listener)
    yield listener
    # The driver has no way to take a listener back; this one holds nothing but its own list.
    listener.sent = []


@pytest.fixture
async def cases(commands: Commands, stack: Addresses, unique: str) -> AsyncIterator[Cases]:
    async with running_cases(stack, unique) as running:
        yield running


@pytest.fixture
async def intake(commands: Commands, stack: Addresses, unique: str) -> AsyncIterator[Intake]:
    async with running_intake(stack, unique) as running:
        yield running


@pytest.fixture
async def desk(commands: Commands, mongo_uri: str, unique: str, tmp_path: Path) -> AsyncIterator[Office]:
    async with office(mongo_uri, unique, tmp_path) as running:
        yield running


def routes_on(routes: Any, *names: str) -> list[RouteSpec]:
    """The routes about one thing of these."""
    return [spec for each in routes for spec in each.specs if spec.on and spec.on.name in names]


async def ask(service: Any, person: str, spec: RouteSpec, ref: str) -> httpx.Response:
    """One request, with a body that says nothing where there is one."""
    names = [part[1:-1] for part in spec.path.split("/") if part.startswith("{")]
    path = spec.path.format(**dict.fromkeys(names, ref))
    more = {"If_Match": '"AAAAAAAAAAAAAAA"'} if spec.if_match else {}
    answer: httpx.Response = await service.call(person, spec.method, path, {} if spec.body else None, **more)
    return answer


def told(answer: httpx.Response) -> tuple[int, dict[str, Any], dict[str, str]]:
    """All that can be compared; ids of the request and the hour are the request's own."""
    own = {"date", "x-correlation-id", "traceparent", "x-request-id"}
    body = {**answer.json(), "correlation_id": ""}
    return answer.status_code, body, {k: v for k, v in answer.headers.items() if k not in own}


def in_order(sent: list[Any]) -> list[Any]:
    """The commands as they were sent, without other tasks' own. The directory asks for the person, for the offices that
    are shut out and for what is sealed at the same time, so these have no order among themselves."""
    directory = [c for c in sent if c[1] in ("staff", "offices", "seals")]
    return sorted(directory, key=repr) + [
        c for c in sent if c[1] not in ("staff", "offices", "seals", "rates", "leases", "outbox")
    ]


async def compare(service: Any, commands: Commands, person: str, spec: RouteSpec, hidden: str) -> None:
    """Raise AssertionError where the two differ."""
    seen = []
    for ref in (hidden, new_id()):
        commands.sent = []
        answer = await ask(service, person, spec, ref)
        seen.append((told(answer), in_order(commands.sent)))
    assert seen[0] == seen[1], f"{spec.method} {spec.path}"
    assert seen[0][0][0] == 404, f"{spec.method} {spec.path}"
    assert [c for c in seen[0][1] if c[:2] == ("insert", "audit")], "the commands were seen"


async def test_a_foreign_case_and_its_parts_take_the_path_of_none(cases: Cases, commands: Commands) -> None:
    case = await opened(cases)
    referral = await referred(cases, case)
    await cases.move(LPSK, referral, {"move": "ACCEPT", "data": {"foreign_no": "PP.01/2026"}})
    [file] = await cases.rows("agency_files")
    refs = {"case": case, "referral": referral, "file": file["_id"]}
    for stranger in ("O-22", "O-60", "O-40"):
        for spec in routes_on(CASES_ROUTES, *refs):
            assert spec.on is not None
            await compare(cases, commands, stranger, spec, refs[spec.on.name].rpartition("/")[2])


async def test_a_sealed_case_and_its_parts_take_the_path_of_none(cases: Cases, commands: Commands) -> None:
    """Also for those to whom their roles opened it a moment ago."""
    case = await opened(cases)
    referral = await referred(cases, case)
    await cases.move(LPSK, referral, {"move": "ACCEPT", "data": {"foreign_no": "PP.01/2026"}})
    [file] = await cases.rows("agency_files")
    refs = {"case": case, "referral": referral, "file": file["_id"]}
    assert (await cases.call("O-29", "GET", case)).status_code == 200
    await cases.seal("O-20", case, offices=(OFFICE_OF_LPSK,))
    for shut_out in ("O-29", "O-21", "O-60"):
        for spec in routes_on(CASES_ROUTES, *refs):
            assert spec.on is not None
            await compare(cases, commands, shut_out, spec, refs[spec.on.name].rpartition("/")[2])


async def test_a_case_that_somebody_is_kept_out_of_takes_the_path_of_none(cases: Cases, commands: Commands) -> None:
    case = await opened(cases)
    await cases.post("O-20", f"{case}/exclusions", {"person": "O-29", "reason": "RELATIVE"})
    for spec in routes_on(CASES_ROUTES, "case"):
        await compare(cases, commands, "O-29", spec, case.rpartition("/")[2])


async def test_another_agencys_member_of_staff_takes_the_path_of_none(cases: Cases, commands: Commands) -> None:
    await cases.hire(ROSTER + entry("O-27", "LPSK-53", "AGENCY_ADMIN"))
    for spec in routes_on(CASES_ROUTES, "person"):
        await compare(cases, commands, "O-27", spec, "O-22")


async def test_another_offices_notice_takes_the_path_of_none(desk: Office, commands: Commands) -> None:
    await desk.ours.apply(member("O-51", "CASE_MANAGER", "LPSK-53"))
    notice = await a_notice(desk)
    for spec in routes_on((inbox.routes,), "notice"):
        await compare(desk, commands, "O-51", spec, notice.rpartition("/")[2])


async def test_a_foreign_person_and_stop_take_the_path_of_none(intake: Intake, commands: Commands) -> None:
    stop, person = await stopped(intake)
    refs = {"interdiction": stop, "subject": person}
    for stranger in (ALOR, MANAGER):
        for spec in routes_on(INTAKE_ROUTES, *refs):
            assert spec.on is not None
            await compare(intake, commands, stranger, spec, refs[spec.on.name].rpartition("/")[2])


async def test_a_sealed_person_and_their_requests_take_the_path_of_none(intake: Intake, commands: Commands) -> None:
    """Also for those to whom their roles opened it a moment ago, the data protection officer among them."""
    person = (await intake.post(UPTD, "/v1/subjects", somebody(full_name="KANARI-NAMA")))["ref"]
    asked = {"right": "ERASURE", "occurred_at": system_clock().isoformat()}
    request = (await intake.post(UPTD, f"/v1/subjects/{person}/requests", asked))["ref"]
    assert (await intake.call(DPO, "GET", f"/v1/requests/{request}")).status_code == 200
    await intake.feed("staff-events", published(person, MANAGER), key=person)
    for shut_out, name, ref in ((UPTD, "subject", person), (CHIEF, "subject", person), (DPO, "request", request)):
        for spec in routes_on(INTAKE_ROUTES, name):
            await compare(intake, commands, shut_out, spec, ref)


async def told_apart(service: Any, person: str, hidden_path: str) -> float:
    """How well the times tell hidden from absent (AUC). Interleaved, so that whatever else the machine does meets
    both; 0.5 is: not at all."""
    hidden: list[float] = []
    absent: list[float] = []
    base = hidden_path.rpartition("/")[0]
    for number in range(ROUNDS):
        pairs = [(hidden, hidden_path), (absent, f"{base}/{new_id()}")]
        for times, path in pairs if number % 2 else reversed(pairs):
            began = time.perf_counter()
            assert (await service.call(person, "GET", path)).status_code == 404
            times.append(time.perf_counter() - began)
    return sum((a > h) + (a == h) / 2 for a in absent for h in hidden) / (len(absent) * len(hidden))


def report(auc: float, record_property: Any) -> None:
    """Keep the figure with the run; raise AssertionError where the two can plainly be told apart."""
    record_property("auc_hidden_against_absent", round(auc, 3))
    print(f"AUC of hidden against absent over {ROUNDS} interleaved pairs: {auc:.3f} (0.5 +- 0.05 is wanted)")
    assert 0.3 < auc < 0.7, "plainly told apart"


async def test_how_far_the_times_of_a_case_can_be_told_apart(cases: Cases, record_property: Any) -> None:
    report(await told_apart(cases, "O-60", await opened(cases)), record_property)


async def test_how_far_the_times_of_a_person_can_be_told_apart(intake: Intake, record_property: Any) -> None:
    report(await told_apart(intake, ALOR, (await stopped(intake))[1]), record_property)


async def test_how_far_the_times_of_a_notice_can_be_told_apart(desk: Office, record_property: Any) -> None:
    await desk.ours.apply(member("O-51", "CASE_MANAGER", "LPSK-53"))
    report(await told_apart(desk, "O-51", await a_notice(desk)), record_property)

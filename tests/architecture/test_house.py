"""What must be true of every route, every event and every service; a service that forgets one does not pass."""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from pydantic import BaseModel

from shared.events.registry import registry
from shared.http.masking import plan_of
from shared.http.specs import RouteSpec, Style
from shared.security.policy.classes import DataClass
from shared.service.definition import Service

ROOT = Path(__file__).parents[2]
SERVICES = ("intake", "cases", "notify")


def service_of(name: str) -> Service:
    """The service as its composition root declares it."""
    settings = import_module(f"services.{name}.settings").Settings(local=True, mail_tls="none")
    built: Service = import_module(f"services.{name}.app").service(settings)
    return built


def every_route() -> Iterator[tuple[Service, RouteSpec]]:
    """All routes of all services."""
    for name in SERVICES:
        service = service_of(name)
        for routes in service.routes:
            for spec in routes.specs:
                yield service, spec


def called(value: object) -> str:
    """How a parameter shows in a test's name."""
    return str(getattr(value, "path", getattr(value, "name", "")))


@pytest.mark.parametrize(("service", "spec"), list(every_route()), ids=called)
def test_a_route_has_a_permission_somebody_holds_and_an_audit_action(service: Service, spec: RouteSpec) -> None:
    assert spec.audit
    kind = spec.audit_kind
    assert spec.permission in service.policies.permissions
    if kind is not None:
        assert service.policies.covers(spec.permission, kind)


@pytest.mark.parametrize("name", SERVICES)
def test_everything_that_is_permitted_is_what_some_route_does(name: str) -> None:
    service = service_of(name)
    used = {spec.permission for routes in service.routes for spec in routes.specs}
    assert service.policies.permissions <= used


@pytest.mark.parametrize("name", SERVICES)
def test_audit_actions_of_a_service_are_distinct(name: str) -> None:
    actions = [spec.audit for routes in service_of(name).routes for spec in routes.specs]
    assert len(actions) == len(set(actions))


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_a_rule_for_every_event_it_declares(name: str) -> None:
    known = registry()
    declared = {t for spec in known.topics.values() for t, services in spec.types.items() if name in services}
    handled = {model.type for model in service_of(name).rules.events}  # type: ignore[attr-defined]
    pulses = {model.type for model in known.models.values() if model.pulse}
    assert declared - pulses == handled


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_has_the_same_rooms(name: str) -> None:
    room = ROOT / "services" / name
    for module in ("handlers", "commands", "store", "views", "permissions", "settings", "app", "__main__"):
        assert (room / f"{module}.py").exists() or (room / module / "__init__.py").exists(), module
    assert (room / "domain").is_dir()
    assert (room / "api").is_dir()


def python_files(*folders: str) -> Iterator[Path]:
    """Our own sources."""
    for folder in folders:
        yield from (ROOT / folder).rglob("*.py")


FORBIDDEN = re.compile(r"\b(detain\w*|blacklist\w*|black_list\w*|travel_ban\w*|banned)\b", re.IGNORECASE)


def test_nobody_is_detained_banned_or_blacklisted() -> None:
    found = []
    for path in python_files("services", "shared"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [getattr(node, field, None) for field in ("id", "attr", "arg", "name")]
            found += [f"{path.name}: {name}" for name in names if isinstance(name, str) and FORBIDDEN.search(name)]
    assert found == []


def test_only_settings_read_the_environment() -> None:
    reading = re.compile(r"os\.environ|os\.getenv|getenv\(")
    motors_threads, secrets = ROOT / "shared/mongo/client.py", ROOT / "shared/service/file_secrets.py"
    allowed = {motors_threads, secrets}  # the first has no other switch, the second is a source of settings
    found = [p for p in python_files("services", "shared") if reading.search(p.read_text("utf-8")) and p not in allowed]
    assert found == []


def test_whoever_reaches_kafka_brings_an_account() -> None:
    bare = re.compile(r"bootstrap_servers *=")  # an address may carry an account, which Kafka(…).client() takes apart
    searched = python_files("services", "shared", "deploy", "tests", "bench")
    found = [p for p in searched if bare.search(p.read_text("utf-8")) and p != Path(__file__)]
    assert found == []


@pytest.mark.parametrize(("service", "spec"), list(every_route()), ids=called)
def test_nobody_must_write_what_is_not_theirs_to_write(service: Service, spec: RouteSpec) -> None:
    required = required_classes(spec.body) if spec.body and spec.style is Style.COMMAND else frozenset()
    rules = [r for r in service.policies.rules.values() if r.permits and spec.permission in r.actions]
    about = {spec.on.kind.__name__} if spec.on else {r.kind for r in rules}
    assert {r.id for r in rules if r.kind in about and not required <= r.writes} == set()


def required_classes(model: type[BaseModel]) -> frozenset[DataClass]:
    """The classes of the fields that a body cannot do without."""
    needed = [each for each in plan_of(model) if model.model_fields[each.name].is_required()]
    own = frozenset(each.data_class for each in needed if each.data_class)
    return own.union(*(required_classes(each.part) for each in needed if each.part))

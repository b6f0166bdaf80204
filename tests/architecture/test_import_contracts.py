"""Each import contract of `pyproject.toml` holds, and breaks as soon as somebody imports what it keeps apart."""

from copy import deepcopy
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import grimp
import pytest
from importlinter.api import read_configuration
from importlinter.domain.contract import Contract

CONFIGURATION = read_configuration(str(Path(__file__).parents[2] / "pyproject.toml"))
CONTRACTS = {options["name"]: options for options in CONFIGURATION["contracts_options"]}

CLASSES = {"layers": "LayersContract", "independence": "IndependenceContract", "forbidden": "ForbiddenContract"}

VIOLATIONS: dict[str, list[tuple[str, str]]] = {
    "deploy above services above shared": [("shared.http.app", "deploy.errors"), ("services.cases.app", "deploy.docs")],
    "the services meet in shared.events alone": [("services.notify.handlers", "services.cases.domain.case")],
    "the rooms of shared, from the roof to the ground": [
        ("shared.kernel.work", "shared.mongo.client"),
        ("shared.http.app", "shared.messaging.relay"),
    ],
    "nobody but shared.mongo imports a Mongo driver, but who keeps or searches the servers": [
        ("services.cases.store", "pymongo"),
        ("deploy.commands.parked", "pymongo"),
        ("deploy.printing", "motor"),
    ],
    "nobody but shared.messaging imports aiokafka, but who keeps the broker or plays a partner": [
        ("shared.mongo.client", "aiokafka"),
        ("deploy.commands.topics", "aiokafka"),
    ],
    "nobody but shared.security.policy imports the policy engine": [
        ("shared.http.gate", "cedarpy"),
        ("deploy.policy_page", "cedarpy"),
    ],
    "rules reach no framework, not even indirectly": [
        ("services.intake.commands.holds", "shared.http.problems"),
        ("shared.reference.table", "structlog"),
    ],
    "domain and kernel do no I/O": [
        *((f"services.{name}.domain", "asyncio") for name in ("intake", "cases", "notify")),
        *(("services.cases.domain.case", module) for module in ("motor", "aiokafka", "fastapi", "httpx", "structlog")),
        ("shared.kernel.work", "socket"),
        ("shared.kernel.work", "pathlib"),
    ],
    "the rooms of deploy, from the roof to the ground": [
        ("deploy.local.stack", "deploy.commands.local"),
        ("deploy.acting", "deploy.ruling"),
    ],
    "the stack, the accounts and the story know no service": [
        ("deploy.local.platform", "services.intake.app"),
        ("deploy.operator", "services.cases.settings"),
    ],
    "the story speaks HTTP and Kafka alone": [("deploy.demo.desk", "shared.mongo.client")],
    "what a stranger checks the audit with stands alone": [
        ("deploy.tools.verify_audit", "shared.security.audit.canonical")
    ],
}
"""Imports that nobody has written and nobody may."""


@cache
def imports() -> grimp.ImportGraph:
    """Who imports whom, outside packages included."""
    packages = CONFIGURATION["session_options"]["root_packages"]
    return grimp.build_graph(*packages, include_external_packages=True, cache_dir=None)


def holds(name: str, graph: grimp.ImportGraph) -> bool:
    """Whether the contract of this name is kept on this graph, which it may change."""
    options: dict[str, Any] = CONTRACTS[name]
    module = import_module(f"importlinter.contracts.{options['type']}")
    kind: type[Contract] = getattr(module, CLASSES[options["type"]])
    contract = kind(name=name, session_options=CONFIGURATION["session_options"], contract_options=options)
    return bool(contract.check(graph=graph, verbose=False).kept)


def test_every_contract_has_a_violation_here() -> None:
    assert set(CONTRACTS) == set(VIOLATIONS)


@pytest.mark.parametrize("name", CONTRACTS)
def test_the_contract_holds(name: str) -> None:
    assert holds(name, deepcopy(imports()))


@pytest.mark.parametrize(("name", "edge"), [(name, edge) for name, edges in VIOLATIONS.items() for edge in edges])
def test_the_contract_breaks_where_it_is_violated(name: str, edge: tuple[str, str]) -> None:
    graph = deepcopy(imports())
    importer, imported = edge
    assert importer in graph.modules  # an importer that is gone would prove nothing
    assert not graph.direct_import_exists(importer=importer, imported=imported)
    if imported not in graph.modules:
        graph.add_module(imported, is_squashed=True)
    graph.add_import(importer=importer, imported=imported)
    assert not holds(name, graph)


def test_a_new_room_of_deploy_must_be_given_its_place() -> None:
    graph = deepcopy(imports())
    graph.add_module("deploy.attic")
    assert not holds("the rooms of deploy, from the roof to the ground", graph)

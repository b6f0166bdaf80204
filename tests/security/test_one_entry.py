"""Each call leaves exactly one entry in the audit, whatever becomes of it: tried over every route of every service."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.docs import openapi
from shared.http.specs import RouteSpec, Style
from shared.kernel.ids import new_id
from tests.architecture.test_house import SERVICES, service_of
from tests.support.addresses import Addresses
from tests.support.anyone import path_of
from tests.support.asking import ROWS, Ask, cases, notify
from tests.support.asking.rows import sent
from tests.support.cases import running_cases
from tests.support.intake import member, running_intake

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

NOBODY = "O-98"
"""A member of staff whose role opens nothing."""


@asynccontextmanager
async def world(name: str, stack: Addresses, unique: str, folder: Path) -> AsyncIterator[Any]:
    """A running service with its staff, in whose audit nobody else writes."""
    if name == "cases":
        async with running_cases(stack, unique) as ours:
            await ours.hire(cases.ROSTER + cases.entry(NOBODY, "GT_PROV-53", "ANALYST"))
            yield ours
    elif name == "intake":
        async with running_intake(stack, unique) as stops:
            await stops.running.employ(member(NOBODY, "GT_PROV-53", "ANALYST"))
            yield stops
    else:
        async with notify.office(stack.mongo_uri, unique, folder) as desk:
            yield desk


async def entries(ours: Any, ask: Ask) -> tuple[httpx.Response, list[Mapping[str, Any]]]:
    """What a request is answered, and the entries that it leaves."""
    before = {row["_id"] for row in await ours.rows("audit")}
    answer = await sent(ours, ask)
    return answer, [row for row in await ours.rows("audit") if row["_id"] not in before]


def specs(name: str) -> list[RouteSpec]:
    return [spec for routes in service_of(name).routes for spec in routes.specs]


@pytest.mark.parametrize("name", SERVICES)
async def test_whatever_is_done_or_shown_leaves_one_entry(
    name: str, stack: Addresses, unique: str, tmp_path: Path
) -> None:
    async with world(name, stack, unique, tmp_path) as ours:
        for spec in specs(name):
            ask = await ROWS[name][spec.audit](ours)
            answer, left = await entries(ours, ask)
            assert answer.status_code == spec.status, (spec.audit, answer.text)
            assert ask.method == spec.method, spec.audit
            if spec.style is Style.INBOX:  # what a fact changes is an act of its own, with an entry of its own
                left = [row for row in left if row["action"] == spec.audit]
            said = [(row["action"], row["outcome"], row["decision"], row["actor"]["person"]) for row in left]
            assert said == [(spec.audit, "OK", "PERMIT", ask.person)]


@pytest.mark.parametrize("name", SERVICES)
async def test_whatever_is_refused_leaves_one_entry(name: str, stack: Addresses, unique: str, tmp_path: Path) -> None:
    paths = json.loads(openapi(name))["paths"]
    async with world(name, stack, unique, tmp_path) as ours:
        for spec in [each for each in specs(name) if not each.for_systems]:  # where a person's token is none
            operation = paths[spec.path][spec.method.lower()]
            body = operation["requestBody"]["content"]["application/json"]["example"] if spec.body else None
            headers = {"If_Match": '"x"', "X_Purpose": "CASEWORK"}
            ask = Ask(NOBODY, spec.method, path_of(spec), body, headers)
            answer, left = await entries(ours, ask)
            assert answer.status_code == (404 if spec.is_item else 403), (spec.audit, answer.text)
            said = [(row["action"], row["outcome"], row["decision"], row["actor"]["person"]) for row in left]
            assert said == [(spec.audit, answer.json()["code"], "DENY", NOBODY)]


@pytest.mark.parametrize("name", SERVICES)
async def test_whatever_nobody_asks_leaves_one_entry_too(
    name: str, stack: Addresses, unique: str, tmp_path: Path
) -> None:
    async with world(name, stack, unique, tmp_path) as ours:
        for spec in specs(name):
            ask = Ask(NOBODY, spec.method, path_of(spec), None, {"Authorization": "Bearer nonsense"})
            answer, left = await entries(ours, ask)
            assert answer.status_code == 401, spec.audit
            assert [(row["action"], row["outcome"], row["actor"]) for row in left] == [
                (spec.audit, "TOKEN_INVALID", None)
            ]


@pytest.mark.parametrize("name", SERVICES)
async def test_a_body_that_cannot_be_leaves_one_entry(name: str, stack: Addresses, unique: str, tmp_path: Path) -> None:
    async with world(name, stack, unique, tmp_path) as ours:
        for spec in [each for each in specs(name) if each.body]:
            ask = await ROWS[name][spec.audit](ours)
            answer, left = await entries(ours, replace(ask, body={"no_such_field": 1}))
            assert answer.status_code == 422, (spec.audit, answer.text)
            assert [(row["action"], row["outcome"]) for row in left] == [(spec.audit, "INVALID_BODY")]


@pytest.mark.parametrize("name", SERVICES)
async def test_each_repetition_of_a_command_leaves_one_entry_of_its_own(
    name: str, stack: Addresses, unique: str, tmp_path: Path
) -> None:
    async with world(name, stack, unique, tmp_path) as ours:
        for spec in [each for each in specs(name) if each.style is Style.COMMAND]:
            ask = await ROWS[name][spec.audit](ours)
            again = replace(ask, headers={**ask.headers, "Idempotency_Key": new_id()})
            await entries(ours, again)
            answer, left = await entries(ours, again)
            assert answer.status_code == 404 or answer.headers.get("idempotency-replayed") == "true", spec.audit
            assert [(row["action"], row["actor"]["person"]) for row in left] == [(spec.audit, ask.person)]

"""The demonstration's small parts: values that are nobody's, settings for each process, a story without colours."""

from datetime import date
from io import StringIO
from pathlib import Path

import yaml
from rich.console import Console

from deploy.demo.canaries import Canaries
from deploy.demo.cast import OFFICERS, RECIPIENTS_FILE, STAFF_FILE, recruiter, returnee, stopped
from deploy.demo.narration import Narrator
from deploy.local.plan import ROLES, SERVICES, Plan
from services.intake.domain.nik import NikStatus, parse_nik


def test_every_value_is_new_and_looked_for() -> None:
    canaries = Canaries()
    people = [*stopped(canaries), returnee(canaries)]
    one, other = recruiter(canaries), recruiter(canaries)

    names = [person.said["full_name"] for person in people if "full_name" in person.said]
    assert len({*names, one["name"], other["name"]}) == len(names) + 2
    said = [str(value) for person in people for value in person.said.values()]
    assert all(any(needle in text for needle in canaries.needles) for text in said)
    assert one["phone"].removeprefix("+62") in canaries.needles


def test_numbers_are_well_formed_and_nobodys() -> None:
    number = Canaries().nik("P-004", "53.02", woman=True)
    parsed = parse_nik(number, date(2026, 5, 14))

    assert (parsed.status, parsed.sex, parsed.kabupaten) == (NikStatus.PARSED_OK, "F", "53.02")
    assert number[4:6] == "99"


def test_the_story_and_its_files_name_the_same_staff_and_reach_every_office() -> None:
    members = yaml.safe_load(STAFF_FILE.read_text("utf-8"))["members"]
    offices = {entry["office"] for entry in yaml.safe_load(RECIPIENTS_FILE.read_text("utf-8"))}

    assert {m["person"]: m["agency"] for m in members} == {o.ref: o.office for o in OFFICERS.values()}
    assert {officer.office for officer in OFFICERS.values()} == offices


def test_each_process_has_a_port_of_its_own_and_each_service_a_database(tmp_path: Path) -> None:
    plan = Plan("mongodb://x", "127.0.0.1:1", tmp_path, "p_")
    ports = {plan.environment(s, r)[f"PULANG_{s.upper()}_HTTP_PORT"] for s in SERVICES for r in ROLES}
    databases = {plan.environment(s)[f"PULANG_{s.upper()}_MONGO_DATABASE"] for s in SERVICES}

    assert len(ports) == len(SERVICES) * len(ROLES)
    assert len(databases) == len(SERVICES)
    assert plan.environment("intake")["PULANG_INTAKE_SUSPECTS_DATABASE"] not in databases
    assert all(name.startswith("p_") for name in databases)


def test_the_story_reads_without_colours_and_introduces_an_officer_once() -> None:
    told = StringIO()
    narrator = Narrator(Console(file=told, width=60))
    narrator.did("O-01", "does one thing [and more]")
    narrator.did("O-01", "and a long second one that needs more than one line of a narrow log")

    lines = told.getvalue().splitlines()
    assert sum(line.startswith("O-01") for line in lines) == 1
    assert any("one thing [and more]" in line for line in lines)
    assert all(line.startswith(("O-01", "      ")) for line in lines)

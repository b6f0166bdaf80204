"""The workflow files and their loader."""

from collections.abc import Mapping
from functools import cache
from importlib import resources

from services.cases.datafile import parse
from services.cases.domain.workflow import Workflow


@cache
def workflows() -> Mapping[str, Workflow]:
    """All workflows of this package by name, read once; raises DataFileError."""
    files = (file for file in resources.files(__name__).iterdir() if file.name.endswith(".yaml"))
    found = [parse(Workflow, file.read_text("utf-8"), file.name) for file in files]
    return {flow.workflow: flow for flow in sorted(found, key=lambda flow: flow.workflow)}


def case_workflow() -> Workflow:
    """The coordination case's."""
    return workflows()["coordination_case"]


def referral_workflow() -> Workflow:
    """A referral's."""
    return workflows()["referral"]


def workflow_of(agency_code: str) -> Workflow | None:
    """That of this agency's files, or None where the agency reports no facts."""
    return next((flow for flow in workflows().values() if flow.agency == agency_code), None)


def workflow_for(fact_type: str) -> Workflow:
    """The one that speaks of this type of fact; raises KeyError where none does."""
    for flow in workflows().values():
        if any(rule.type == fact_type for rule in flow.facts):
            return flow
    raise KeyError(fact_type)

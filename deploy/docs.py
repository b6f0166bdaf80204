"""`make docs`: everything in `docs/` that follows from code and data. `python -m deploy.docs check` compares only."""

import json
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from deploy.codes import raised
from deploy.error_page import error_page
from deploy.policy_page import policy_page
from services.cases.domain.workflow import Workflow
from services.cases.workflows import workflows
from shared.events.contracts import __main__ as contracts
from shared.events.registry import registry
from shared.http.app import make_app
from shared.observability.metrics import Metrics
from shared.service.definition import Service

ROOT = Path(__file__).resolve().parents[1]
SERVICES = ("intake", "cases", "notify")


def generated() -> dict[Path, str]:
    """Every generated file by its path in the repository."""
    files = {Path(f"docs/openapi/{name}.json"): openapi(name) for name in SERVICES}
    policies = {name: service_of(name).policies for name in SERVICES}
    schemas = {Path(f"docs/policies/{name}.cedarschema"): each.schema for name, each in policies.items()}
    titles = {name: service_of(name).titles for name in SERVICES}
    pages = {
        Path("docs/workflows.md"): workflow_page(),
        Path("docs/permissions.md"): policy_page(policies),
        Path("docs/errors.md"): error_page(raised(), titles),
    }
    return {**contracts.generated(registry()), **files, **schemas, **pages}


def openapi(name: str) -> str:
    """A service's OpenAPI 3.1 document; nothing connects for it."""
    service = service_of(name)
    backing = cast("Any", SimpleNamespace(titles=service.titles))
    app = make_app(service=name, routes=service.routes, backing=backing, checks={}, metrics=Metrics())
    return json.dumps(app.openapi(), indent=1, ensure_ascii=False) + "\n"


def service_of(name: str) -> Service:
    """A service as its composition declares it."""
    settings = import_module(f"services.{name}.settings").Settings(local=True, **_extra(name))
    built: Service = import_module(f"services.{name}.app").service(settings)
    return built


def _extra(name: str) -> Mapping[str, Any]:
    return {"mail_tls": "none"} if name == "notify" else {}


def workflow_page() -> str:
    """The workflows as tables and state diagrams."""
    parts = ["# Workflows\n\nDrawn from `services/cases/workflows/*.yaml`.\n"]
    parts += ["\n".join(_drawn(flow)) for _, flow in sorted(workflows().items())]
    return "\n".join(parts)


def _drawn(flow: Workflow) -> Iterator[str]:
    yield f"## {flow.label.en} (*{flow.label.id}*)\n"
    yield f"`{flow.workflow}` version {flow.version}. Basis: {flow.basis}.\n"
    yield "```mermaid\nstateDiagram-v2"
    yield from (f"  [*] --> {code}" for code in flow.initial)
    yield from (f"  {state.code} --> {after}" for state in flow.states for after in state.next)
    yield "```\n"
    yield "| state | Indonesian | English | a fact may skip it | basis |"
    yield "|---|---|---|---|---|"
    for state in flow.states:
        skip = "yes" if state.skippable_by_fact else ""
        yield f"| `{state.code}` | {state.label.id} | {state.label.en} | {skip} | {state.basis or ''} |"
    yield ""
    if flow.facts:
        yield "| fact | leads to | where |"
        yield "|---|---|---|"
        for fact in flow.facts:
            where = ", ".join(f"{name} = {json.dumps(value)}" for name, value in fact.when.items())
            yield f"| `{fact.type}` | `{fact.to}` | {where} |"
        yield ""


def outdated() -> list[Path]:
    """Files that differ from what would be written."""
    return [p for p, text in generated().items() if not (ROOT / p).exists() or (ROOT / p).read_text("utf-8") != text]


def main(arguments: list[str]) -> int:
    """Write, or with `check` only compare: exit code 1 where something is out of date."""
    if arguments == ["check"]:
        stale = outdated()
        sys.stderr.writelines(f"{path}: not up to date, run `make docs`\n" for path in stale)
        return 1 if stale else 0
    contracts.write(ROOT, registry())
    for path, text in generated().items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""One JSON Schema per event type; and the released ones, which nobody edits."""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from shared.events.contracts.compatibility import breaks
from shared.events.envelope import EventData
from shared.events.registry import Registry

Schema = dict[str, Any]

SCHEMAS = Path("shared/events/schemas")
RELEASED = SCHEMAS / "released"
SUMS = RELEASED / "SHA256SUMS"
_RELEASED_NAME = re.compile(r"(?P<type>.+)\.(?P<number>[0-9]+)\.json")


def schema_of(model: type[EventData]) -> Schema:
    """The body's JSON Schema (draft 2020-12)."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:pulang:event:{model.type}",
        **model.model_json_schema(),
    }


def as_text(schema: Schema) -> str:
    """The form in which schemas are kept, so that a difference shows in one line."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def current(registry: Registry) -> dict[Path, str]:
    """Every type's schema as the models have it now, by path."""
    return {SCHEMAS / f"{type_}.json": as_text(schema_of(model)) for type_, model in registry.models.items()}


def released(root: Path) -> Iterator[tuple[str, int, Schema]]:
    """Type, number and schema of every release there has been, in order."""
    found = []
    for path in (root / RELEASED).glob("*.json"):
        match = _RELEASED_NAME.fullmatch(path.name)
        if match:
            found.append((match["type"], int(match["number"]), json.loads(path.read_text("utf-8"))))
    return iter(sorted(found, key=lambda release: release[:2]))


def broken_promises(root: Path, registry: Registry) -> list[str]:
    """Where today's models contradict a released schema of the same type, or a released file was touched."""
    found = _edited(root)
    for type_, number, old in released(root):
        model = registry.models.get(type_)
        if model is None:
            found.append(f"{type_}: released, but there is no model any more")
        else:
            found += [f"{type_} against release {number}: {what}" for what in breaks(old, schema_of(model))]
    return found


def unreleased(root: Path, registry: Registry) -> dict[Path, str]:
    """What a release would add: a next number for each type whose schema isn't the last released one."""
    last = {type_: (number, schema) for type_, number, schema in released(root)}
    missing = {}
    for type_, model in registry.models.items():
        number, schema = last.get(type_, (0, None))
        if schema != json.loads(as_text(schema_of(model))):
            missing[RELEASED / f"{type_}.{number + 1}.json"] = as_text(schema_of(model))
    return missing


def release(root: Path, registry: Registry) -> list[Path]:
    """Add what is unreleased, and its checksums; answers the new files. Raises ValueError where a promise is broken."""
    broken = broken_promises(root, registry)
    if broken:
        raise ValueError("\n".join(broken))
    added = unreleased(root, registry)
    (root / RELEASED).mkdir(parents=True, exist_ok=True)
    with (root / SUMS).open("a", encoding="utf-8") as sums:
        for path, text in sorted(added.items()):
            (root / path).write_text(text, "utf-8")
            sums.write(f"{hashlib.sha256(text.encode()).hexdigest()}  {path.name}\n")
    return sorted(added)


def _edited(root: Path) -> list[str]:
    """Released files that are not what their checksums say, or have none, or are gone."""
    lines = (root / SUMS).read_text("utf-8").splitlines() if (root / SUMS).exists() else []
    promised = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    present = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in (root / RELEASED).glob("*.json")}
    names = sorted(promised.keys() | present.keys())
    return [f"{name}: a released schema was changed" for name in names if promised.get(name) != present.get(name)]

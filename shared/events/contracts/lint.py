"""The lint of event schemas: no event has a place into which a person's identity, or prose, would fit.

The second of three walls around identity. It looks at the JSON schema, so that nested bodies, aliases and types made
elsewhere count as well.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from shared.events.envelope import EventData

Schema = Mapping[str, Any]

IDENTITY = re.compile(
    r"(^|_)(names?|nama|alias(es)?|nik|no_?ktp|ktp|kk|passports?|paspor|phones?|telepon|hp|wa|e?mail|address(es)?|alamat"
    r"|villages?|desa|kelurahan|dusun|rt|rw|birth\w*|lahir|born|mother|father|ibu|ayah|photos?|foto|biometrics?|lat|lon"
    r"|latitude|longitude|notes?|text|prose|narratives?|kronologi\w*|remarks?|comments?|descriptions?|reasons?_text"
    r"|shelter|residence|religion|tribe|suku)(_|$)"
)
"""Words that a field about a person would be called by, in English and Indonesian."""

PROBES = ("Maria Bele", "Jl. Timor Raya No. 12, Kupang", "Dia dijemput om-nya tadi malam.", "Ibu  Ana,\nTTS", "é 'x'")
"""What people would write. A field that takes any of these takes prose."""

AGENCIES_OWN_NUMBERS = frozenset({"foreign_no", "ba_no", "warrant_no", "document_no", "decision_no"})
"""Numbers of files and papers, kept as agencies write them (with spaces); on their own topics they are checked to be
numbers by the shape that the models give them, and they go nowhere else than to the agency they came from."""

TELLING = frozenset({"type", "enum", "const", "anyOf", "allOf", "oneOf", "properties"})
"""A schema that says nothing of these takes anything."""


def findings(model: type[EventData]) -> list[str]:
    """What is wrong with an event's body, one line each: `field: why`."""
    schema = model.model_json_schema()
    return sorted(set(_look("", schema, schema.get("$defs", {}))))


def _look(path: str, schema: Schema, defs: Mapping[str, Schema]) -> Iterator[str]:
    if "$ref" in schema:
        yield from _look(path, defs[schema["$ref"].rpartition("/")[2]], defs)
        return
    name = path.rpartition(".")[2].removesuffix("[]")
    if IDENTITY.search(name):
        yield f"{path}: is named after identity or prose"
    for name, inner in schema.get("properties", {}).items():
        yield from _look(f"{path}.{name}" if path else name, inner, defs)
    for inner in (*schema.get("anyOf", ()), *schema.get("allOf", ()), *schema.get("oneOf", ())):
        yield from _look(path, inner, defs)
    for inner in (schema.get("items"), *schema.get("prefixItems", ())):
        if isinstance(inner, Mapping):
            yield from _look(f"{path}[]", inner, defs)
    if schema.get("type") == "object" and "properties" not in schema:
        yield from _keys_and_values(path, schema, defs)
    if not schema.keys() & TELLING or (schema.get("type") == "string" and _takes_prose(name, schema)):
        yield f"{path}: takes any text"


def _keys_and_values(path: str, schema: Schema, defs: Mapping[str, Schema]) -> Iterator[str]:
    named = schema.get("patternProperties", {})
    if not named or any(_fits(pattern) for pattern in named):
        yield f"{path}: its keys take any text"
    for inner in (*named.values(), schema.get("additionalProperties")):
        if isinstance(inner, Mapping):
            yield from _look(f"{path}[]", inner, defs)


def _takes_prose(name: str, schema: Schema) -> bool:
    if schema.keys() & {"enum", "const"} or schema.get("format") in ("date", "date-time", "uuid"):
        return False
    pattern = schema.get("pattern")
    if name in AGENCIES_OWN_NUMBERS and pattern is not None:
        return False
    return pattern is None or _fits(pattern)


def _fits(pattern: str) -> bool:
    return any(re.search(pattern, probe) for probe in PROBES)

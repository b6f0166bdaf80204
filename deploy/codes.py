"""The stable codes of refusals, found where they are raised: a list by hand would forget one."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from shared.events.reasons import Reason
from shared.events.receipts import ReceiptStatus
from shared.http.body import CODES
from shared.http.problems import STATUS
from shared.kernel.errors import Kind
from shared.mongo.outbox_writer import EVENT_TOO_LARGE

ROOT = Path(__file__).resolve().parents[1]
INVALID = 422

OF_JSON = (
    *(Reason.NOT_UTF8, Reason.NOT_JSON, Reason.TOO_DEEP, Reason.DUPLICATE_NAME, Reason.NOT_A_NUMBER),
    *(Reason.NUMBER_TOO_LONG, Reason.NUMBER_OUT_OF_RANGE, Reason.LONE_SURROGATE, Reason.NUL_CHARACTER),
    Reason.UNSAFE_NAME,
)
"""What can be wrong with a text that should be JSON, in a body as in a message."""

_JSON = tuple((400, reason.value) for reason in OF_JSON)
_FIELDS = tuple((INVALID, code) for code in sorted({*CODES.values(), "WRONG_TYPE"}))

COMPUTED: Mapping[str, tuple[tuple[int, str], ...]] = {
    "shared/http/app.py": ((400, "INVALID_REQUEST"), (404, "NOT_FOUND"), (405, "METHOD_NOT_ALLOWED")),
    "shared/http/body.py": (*_JSON, *_FIELDS),
    "shared/http/gate.py": tuple((401, code) for code in ("TOKEN_MISSING", "TOKEN_EXPIRED", "TOKEN_INVALID")),
    "shared/http/inbox.py": (
        (409, ReceiptStatus.CONFLICTING_DUPLICATE.value),
        *((INVALID, code) for code in ("NOT_A_LIST", "TOO_MANY", "TOO_FEW")),
    ),
    "shared/http/problems.py": (),  # passes on what others raised
    "shared/http/server.py": ((400, "NOT_HTTP"), (413, "BODY_TOO_LARGE"), (431, "HEADERS_TOO_LARGE")),
    "shared/kernel/errors.py": (),
    "shared/kernel/work.py": (),  # UNKNOWN_ and a kind: over HTTP NOT_FOUND, and an event waits for it
    "shared/mongo/event_lane.py": (),  # this and the next say why an event is parked, and reach no client
    "shared/mongo/releasing.py": (),
    "shared/mongo/verdicts.py": (),
    "shared/mongo/outbox_writer.py": ((INVALID, EVENT_TOO_LARGE),),
    "shared/mongo/unit_of_work.py": ((409, "DUPLICATE_KEY"), (409, "UNSAVABLE")),
    "services/intake/api/fields.py": ((INVALID, "NOT_IN_LIST"), (INVALID, "UNKNOWN_REGION")),
}
"""Files in which codes are computed → those that can come of it, each with its status."""


@dataclass(frozen=True, order=True)
class Raised:
    """A code with the status that a client sees it with, and the room that raises it: `shared` or a service."""

    code: str
    status: int
    room: str


class Computed(LookupError):
    """A code is computed in a file that `COMPUTED` does not know."""


def raised() -> set[Raised]:
    """All codes of all rooms. Raises Computed where one cannot be read from its source."""
    found = {each for room in ROOMS for path in sorted(_sources(room)) for each in _raised_in(path, room)}
    return found | {Raised(code, status, _room(name)) for name, codes in COMPUTED.items() for status, code in codes}


ROOMS = ("shared", "intake", "cases", "notify")


def _sources(room: str) -> Iterator[Path]:
    yield from (ROOT / (room if room == "shared" else f"services/{room}")).rglob("*.py")


def _room(name: str) -> str:
    top, inner, *_ = name.split("/")
    return top if top in ROOMS else inner


def _raised_in(path: Path, room: str) -> Iterator[Raised]:
    """The codes that stand in one file. Raises Computed."""
    name = str(path.relative_to(ROOT))
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        found = _codes(node) if isinstance(node, ast.Call) else _of_field(node)
        if found == [] and name not in COMPUTED:
            raise Computed(f"{name}: line {getattr(node, 'lineno', 0)}")
        yield from (Raised(code, status, room) for status, code in found or () if code.isupper())


def _of_field(node: ast.AST) -> list[tuple[int, str]] | None:
    """The code of a field that is wrong, where it stands beside its pointer."""
    if not isinstance(node, ast.Dict):
        return None
    said = {
        key.value: value for key, value in zip(node.keys, node.values, strict=True) if isinstance(key, ast.Constant)
    }
    return [(INVALID, each) for each in _texts(said["code"])] or None if {"pointer", "code"} <= said.keys() else None


def _computed(name: str) -> tuple[tuple[int, str], ...]:
    if name not in COMPUTED:
        raise Computed(name)
    return COMPUTED[name]


def _codes(call: ast.Call) -> list[tuple[int, str]] | None:
    """(status, code) of a refusal; empty where the code is computed, None where the call is none."""
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    match name, call.args:
        case "Problem", [ast.Constant(value=status), code, *_]:
            return [(int(str(status)), each) for each in _texts(code)]
        case "Problem", _:
            return []
        case "Reject", [code, *rest]:
            return [(_status(call, rest), each) for each in _texts(code)]
        case "invalid", [code, *_]:
            return [(INVALID, each) for each in _texts(code)]
        case "bad_parameter", [_, code]:
            return [(INVALID, each) for each in _texts(code)]
        case "PydanticCustomError", [code, *_]:
            return [(INVALID, each) for each in _texts(code)]
        case "Unavailable", [code, *_]:
            return [(503, each) for each in _texts(code)]
        case "Unavailable", []:
            return [(503, "UNAVAILABLE")]
    return None


def _status(call: ast.Call, rest: list[ast.expr]) -> int:
    said = next((each.value for each in call.keywords if each.arg == "kind"), rest[0] if rest else None)
    return STATUS[Kind[said.attr] if isinstance(said, ast.Attribute) else Kind.ILLEGAL_MOVE]


def _texts(code: ast.expr) -> list[str]:
    """The texts that an expression can be, where it is written out."""
    if isinstance(code, ast.Constant):
        return [str(code.value)]
    if isinstance(code, ast.IfExp):
        return [*_texts(code.body), *_texts(code.orelse)]
    return []

"""W3C Trace Context (w3.org/TR/trace-context): where a request came from and what it causes next."""

import re
import secrets
from dataclasses import dataclass

_FORM = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})(?P<more>-.*)?"
)
_SAMPLED = 1


@dataclass(frozen=True, slots=True)
class Trace:
    """One step of a trace; ids in lower-case hex (32 and 16 digits)."""

    trace_id: str
    span_id: str
    sampled: bool = True

    def child(self) -> "Trace":
        """A step that this one caused."""
        return Trace(self.trace_id, _hex_id(8), self.sampled)

    def __str__(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{_SAMPLED if self.sampled else 0:02x}"


def new_trace() -> Trace:
    """The first step of a trace that begins here."""
    return Trace(_hex_id(16), _hex_id(8))


def parse_traceparent(header: str | None) -> Trace | None:
    """The caller's step, or None where the header is missing or not as the standard says (§3.2.2.3)."""
    found = _FORM.fullmatch(header or "")
    if found is None or found["version"] == "ff" or (found["version"] == "00" and found["more"]):
        return None
    if not int(found["trace"], 16) or not int(found["span"], 16):
        return None
    return Trace(found["trace"], found["span"], bool(int(found["flags"], 16) & _SAMPLED))


def continue_trace(header: str | None) -> Trace:
    """Our own step within the caller's trace, or within a new one."""
    parent = parse_traceparent(header)
    return parent.child() if parent else new_trace()


def _hex_id(size: int) -> str:
    while True:
        id_ = secrets.token_hex(size)
        if int(id_, 16):  # all zeros means "no id" to the standard
            return id_

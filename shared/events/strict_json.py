"""JSON as strictly as strangers deserve: all that common parsers wave through, or die of, becomes a reason."""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from shared.events.reasons import Reason

MAX_DEPTH = 32
MAX_NUMBER_CHARACTERS = 40
_REGION = re.compile(r"[0-9]{2}(\.[0-9]{2,4})*")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text says. With a `problem`, `value` is good for finding out who sent it and for nothing else."""

    value: Any
    problem: Reason | None = None


def read(raw: bytes) -> Reading:
    """Parse strictly; never raises. The first problem found is named."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return Reading(None, Reason.NOT_UTF8)
    watch = _Watch()
    try:
        value = json.loads(
            text,
            object_pairs_hook=watch.object,
            parse_int=watch.integer,
            parse_float=watch.real,
            parse_constant=watch.constant,
        )
    except RecursionError:
        return Reading(None, Reason.TOO_DEEP)
    except ValueError:
        return Reading(None, Reason.NOT_JSON)
    return Reading(value, watch.problem or next(_faults(value), None))


def is_safe_name(name: str) -> bool:
    """Whether a database may have it as a field's name. The only names with dots in our events are regions' codes."""
    return name.isidentifier() or _REGION.fullmatch(name) is not None


class _Watch:
    """The parser's hooks: they put something harmless in a fault's place and remember the first one."""

    problem: Reason | None = None

    def object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            self._note(Reason.DUPLICATE_NAME)
        return found

    def integer(self, digits: str) -> int:
        # Checked as text: int() refuses more than 4,300 digits with the same ValueError as broken JSON.
        if len(digits) > MAX_NUMBER_CHARACTERS:
            return self._note(Reason.NUMBER_TOO_LONG)
        number = int(digits)
        return number if -(2**63) <= number < 2**63 else self._note(Reason.NUMBER_OUT_OF_RANGE)

    def real(self, digits: str) -> float:
        if len(digits) > MAX_NUMBER_CHARACTERS:
            return self._note(Reason.NUMBER_TOO_LONG)
        number = float(digits)
        return number if math.isfinite(number) else self._note(Reason.NUMBER_OUT_OF_RANGE)

    def constant(self, _: str) -> float:
        return self._note(Reason.NOT_A_NUMBER)

    def _note(self, problem: Reason) -> int:
        self.problem = self.problem or problem
        return 0


def _faults(value: Any) -> Iterator[Reason]:
    """Faults that a parser doesn't see, found without recursion."""
    waiting = [(value, 1)]
    while waiting:
        item, depth = waiting.pop()
        if isinstance(item, str):
            yield from _text_faults(item)
        elif isinstance(item, dict | list):
            if depth > MAX_DEPTH:
                yield Reason.TOO_DEEP
            if isinstance(item, dict):
                yield from _name_faults(item)
            members = item.values() if isinstance(item, dict) else item
            waiting.extend((member, depth + 1) for member in members)


def _name_faults(item: dict[str, Any]) -> Iterator[Reason]:
    for name in item:
        yield from _text_faults(name)
        if not is_safe_name(name):
            yield Reason.UNSAFE_NAME


def _text_faults(text: str) -> Iterator[Reason]:
    if "\x00" in text:
        yield Reason.NUL_CHARACTER
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        yield Reason.LONE_SURROGATE

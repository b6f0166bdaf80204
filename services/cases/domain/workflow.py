"""Workflows as data: states, the moves people make between them, and the facts that lead from one to another."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Code = Annotated[str, Field(pattern=r"^[A-Z0-9_]{2,40}$")]


class Strict(BaseModel):
    """A part of a workflow file: an unknown field is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Label(Strict):
    """What people see, in Bahasa Indonesia and English."""

    id: Annotated[str, Field(min_length=1)]
    en: Annotated[str, Field(min_length=1)]

    def of(self, lang: str) -> str:
        """The words in this language; Indonesian unless English is asked for."""
        return self.en if lang == "en" else self.id


class Named(Strict):
    """A code with its words."""

    code: Code
    label: Label


class State(Named):
    """One state; `next` are the states that may follow it.

    `skippable_by_fact` says that a later state's fact may arrive although this one was never recorded: islands
    report late, and the later fact proves that the state was passed.
    """

    basis: str | None = None
    next: tuple[Code, ...] = ()
    skippable_by_fact: bool = False


class FactRule(Strict):
    """Which state an agency's own fact leads to, where its body has the values in `when`."""

    type: Annotated[str, Field(pattern=r"^id\.pulang(\.[a-z0-9_-]+){2,4}\.v[0-9]+$")]
    to: Code
    when: dict[str, bool | str] = Field(default_factory=dict)

    def fits(self, type_: str, body: Mapping[str, Any]) -> bool:
        """Whether this rule speaks of such a fact."""
        return self.type == type_ and all(body.get(name) == value for name, value in self.when.items())


class Move(Named):
    """What a person may do in the states `from`; without `to` the state follows from the rules."""

    from_: tuple[Code, ...] = Field(alias="from", min_length=1)
    to: Code | None = None


class Workflow(Strict):
    """One workflow. `agency` is the code of the agency whose file it describes; the platform's own have none.

    `initial` are the states in which it may begin. Each state has one place: a workflow with facts has no cycle,
    so that of two states it is always clear which one is further.
    """

    workflow: Annotated[str, Field(pattern=r"^[a-z0-9_]{2,40}$")]
    agency: Code | None = None
    version: Annotated[int, Field(ge=1)]
    label: Label
    basis: str
    initial: tuple[Code, ...] = Field(min_length=1)
    states: tuple[State, ...] = Field(min_length=1)
    facts: tuple[FactRule, ...] = ()
    moves: tuple[Move, ...] = ()

    @model_validator(mode="after")
    def _closed(self) -> Self:
        codes = [state.code for state in self.states]
        if len(set(codes)) != len(codes):
            raise ValueError("a state appears twice")
        unknown = set(_mentioned(self)) - set(codes)
        if unknown:
            raise ValueError(f"no such state: {', '.join(sorted(unknown))}")
        stranded = set(codes) - set(self.initial) - {n for code in self.initial for n in self.after(code)}
        if stranded:
            raise ValueError(f"nothing leads to {', '.join(sorted(stranded))}")
        if self.facts and any(code in self.after(code) for code in codes):
            raise ValueError("a state follows itself")
        return self

    def state(self, code: str) -> State:
        """The state of this code; raises KeyError where there is none."""
        for state in self.states:
            if state.code == code:
                return state
        raise KeyError(code)

    def after(self, code: str | None) -> frozenset[str]:
        """All states that may still come after this one; after None come all that can begin and what follows."""
        found: set[str] = set()
        ahead = list(self._next(code))
        while ahead:
            step = ahead.pop()
            if step not in found:
                found.add(step)
                ahead.extend(self._next(step))
        return frozenset(found)

    def may_enter(self, current: str | None, target: str) -> bool:
        """Whether a fact may lead from `current` to `target`: directly, or past states that facts may skip."""
        seen: set[str] = set()
        ahead = list(self._next(current))
        while ahead:
            step = ahead.pop()
            if step == target:
                return True
            if step not in seen and self.state(step).skippable_by_fact:
                ahead.extend(self._next(step))
            seen.add(step)
        return False

    def target(self, type_: str, body: Mapping[str, Any]) -> str | None:
        """The state that a fact of this type and body leads to, or None where no rule speaks of it."""
        return next((rule.to for rule in self.facts if rule.fits(type_, body)), None)

    def legal_moves(self, current: str) -> tuple[str, ...]:
        """The codes of the moves that a person may make from here."""
        return tuple(move.code for move in self.moves if current in move.from_)

    def _next(self, code: str | None) -> tuple[str, ...]:
        return self.initial if code is None else self.state(code).next


def _mentioned(flow: Workflow) -> Iterable[str]:
    yield from flow.initial
    for state in flow.states:
        yield from state.next
    for fact in flow.facts:
        yield fact.to
    for move in flow.moves:
        yield from move.from_
        if move.to:
            yield move.to

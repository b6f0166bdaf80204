"""Leaving out case numbers that a lost part of the database may have given."""

from collections.abc import Iterable
from dataclasses import dataclass

from services.cases.domain.numbers import NumberCounter, NumberShelf, shelves_of, skip_numbers
from shared.kernel.aggregate import Need
from shared.kernel.rulebook import Rulebook
from shared.kernel.work import Work

commands = Rulebook()


@dataclass(frozen=True, slots=True)
class SkipNumbers:
    """So many blocks of this year's numbers."""

    year: str
    blocks: int


def _needs(command: SkipNumbers) -> Iterable[Need]:
    return [NumberCounter.ref(command.year), *map(NumberShelf.ref, shelves_of(command.year))]


@commands.command(SkipNumbers, needs=_needs)
def skip(command: SkipNumbers, work: Work) -> NumberCounter:
    """After a restore: the operator's, through the service's own rules."""
    return skip_numbers(work, command.year, command.blocks)

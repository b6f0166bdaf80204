"""The register of breaches: knowing of one, and telling those who must be told."""

from dataclasses import dataclass
from datetime import datetime

from services.cases.catalogue import breach_exemptions, breach_kinds, deadline
from services.cases.domain.breach import Breach, Told
from services.cases.domain.deadline import start_clock
from shared.events.case_v1 import BreachKnown
from shared.kernel.acting import acting, check_time
from shared.kernel.errors import invalid
from shared.kernel.rulebook import Rulebook
from shared.kernel.timer import start_timer
from shared.kernel.work import Work

commands = Rulebook()

PDP_BREACH = "PDP_BREACH"


@dataclass(frozen=True, slots=True)
class KnowBreach:
    """Somebody found out. Nothing needs to be confirmed for the clocks to run."""

    kind: str
    occurred_at: datetime | None
    refs: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    through_lpsk: bool = False


@dataclass(frozen=True, slots=True)
class TellOfBreach:
    """A notice went out, or the persons need not be told on the ground of an exemption."""

    breach: str
    told: Told
    occurred_at: datetime | None
    exemption: str | None = None


@commands.command(KnowBreach)
def know_breach(command: KnowBreach, work: Work) -> Breach:
    """Start both clocks from when it was known (UU 27/2022 Art 46)."""
    if command.kind not in breach_kinds():
        raise invalid("UNKNOWN_BREACH_KIND", "/kind")
    check_time(work.occurred_at, work)
    actor, id_, limit = acting(work), work.new_id(), deadline(PDP_BREACH)
    breach = Breach(
        id=id_,
        kind=command.kind,
        known_at=work.occurred_at,
        recorded_by=actor.person,
        agency=actor.agency,
        refs=command.refs,
        accounts=command.accounts,
        since=command.since,
        until=command.until,
        through_lpsk=command.through_lpsk,
        subjects=start_clock(limit, f"{id_}-subjects", work.occurred_at, None),
        authority=start_clock(limit, f"{id_}-authority", work.occurred_at, None),
    )
    work.put(breach, "BREACH_KNOWN", kind=command.kind)
    work.put(start_timer(PDP_BREACH, id_, breach.authority.due_at))
    due_at = breach.authority.due_at
    known = BreachKnown(occurred_at=work.occurred_at, breach_ref=id_, tell=actor.agency, due_at=due_at)
    work.emit(known, key=id_)
    return breach


@commands.command(TellOfBreach, needs=lambda c: [Breach.ref(c.breach)])
def tell_of_breach(command: TellOfBreach, work: Work) -> Breach:
    """Stop one clock. Only the notice to the persons knows an exemption (Art 50)."""
    check_time(work.occurred_at, work)
    breach = work.get(Breach, command.breach)
    if command.exemption is None:
        work.put(breach.told(command.told, work.occurred_at), "BREACH_TOLD", told=command.told.value)
    else:
        _check_exemption(command)
        work.put(breach.exempt(command.exemption, work.occurred_at), "BREACH_EXEMPT", exemption=command.exemption)
    return work.get(Breach, breach.id)


def _check_exemption(command: TellOfBreach) -> None:
    if command.told is not Told.SUBJECTS:
        raise invalid("NO_EXEMPTION", "/exemption")
    if command.exemption not in breach_exemptions():
        raise invalid("UNKNOWN_EXEMPTION", "/exemption")

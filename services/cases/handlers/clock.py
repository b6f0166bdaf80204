"""What follows when time runs out."""

from collections.abc import Iterable
from datetime import timedelta

from services.cases.catalogue import deadline
from services.cases.domain.case import Case
from services.cases.domain.referral import Referral
from services.cases.effects import REFERRAL_ANSWER, breach, end_grants
from shared.kernel.aggregate import Need
from shared.kernel.rulebook import Rulebook
from shared.kernel.timer import Timer
from shared.kernel.work import Work

handlers = Rulebook()


def _needs(timer: Timer) -> Iterable[Need]:
    yield Referral.ref(timer.about).then(lambda found: Case.ref(found.case_ref) if found else None)


@handlers.timer(REFERRAL_ANSWER, needs=_needs)
def miss_answer(timer: Timer, work: Work) -> None:
    """At the limit the breach becomes known and the referral keeps waiting; one rung later it goes back.

    INVARIANT 8: a breach is an event and changes no state of the referral.
    """
    referral = work.get(Referral, timer.about)
    if referral.state != "PENDING":
        return
    breach(work, referral, referral.clock, timer.rung, timer.event_id)
    if timer.rung == 0:
        work.put(referral.evolve(clock=referral.clock.breached()), "CLOCK_BREACHED", clock_ref=referral.clock.ref)
        rung_due = referral.clock.due_at + timedelta(hours=deadline(REFERRAL_ANSWER).rung_every)
        work.put(timer.evolve(rung=1, due_at=rung_due))
        return
    case = work.get(Case, referral.case_ref)
    ended = tuple(grant for grant in case.grants if grant.referral_ref == referral.id)
    after = end_grants(work, case, ended, "UNANSWERED")
    work.put(after, "GRANT_ENDED", agency=referral.agency, referral_ref=referral.id)

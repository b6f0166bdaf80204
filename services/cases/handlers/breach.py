"""What follows when those who must be told of a breach have not been."""

from services.cases.commands.breach import PDP_BREACH
from services.cases.domain.breach import Breach
from shared.events.case_v1 import BreachNoticeMissed
from shared.kernel.rulebook import Rulebook
from shared.kernel.timer import Timer
from shared.kernel.work import Work

handlers = Rulebook()


@handlers.timer(PDP_BREACH, needs=lambda timer: [Breach.ref(timer.about)])
def miss_notice(timer: Timer, work: Work) -> None:
    """At the limit the officer is told once more; a notice still owed stays owed."""
    breach = work.get(Breach, timer.about)
    late = breach.overdue()
    if late == breach:
        return
    work.put(late, "BREACH_OVERDUE")
    missed = BreachNoticeMissed(occurred_at=work.now, breach_ref=breach.id, tell=breach.agency, due_at=timer.due_at)
    work.emit(missed, key=breach.id, event_id=timer.event_id)

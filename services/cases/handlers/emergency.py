"""What follows when nobody has looked at an access in an emergency."""

from services.cases.commands.emergency import EMERGENCY_REVIEW
from services.cases.domain.emergency import EmergencyAccess
from shared.events.case_v1 import EmergencyReviewMissed
from shared.kernel.rulebook import Rulebook
from shared.kernel.timer import Timer
from shared.kernel.work import Work

handlers = Rulebook()


@handlers.timer(EMERGENCY_REVIEW, needs=lambda timer: [EmergencyAccess.ref(timer.about)])
def miss_review(timer: Timer, work: Work) -> None:
    """At the limit the officer is told once more; the review stays owed."""
    emergency = work.get(EmergencyAccess, timer.about)
    if emergency.state != "OPEN":
        return
    work.put(emergency.evolve(review=emergency.review.breached()), "EMERGENCY_REVIEW_MISSED")
    missed = EmergencyReviewMissed(
        occurred_at=work.now, emergency_ref=emergency.id, tell=emergency.tell, due_at=timer.due_at
    )
    work.emit(missed, key=emergency.case_ref, event_id=timer.event_id)

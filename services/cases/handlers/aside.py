"""What follows for people when a partner's fact was set aside."""

from services.cases.domain.task import Task
from shared.kernel.ids import derived_id
from shared.kernel.rulebook import Rulebook
from shared.kernel.setaside import FactSetAside
from shared.kernel.work import Work
from shared.reference.regions import PROVINCE

handlers = Rulebook()


def review_id(aside: FactSetAside) -> str:
    """The id of the one task about it, however often the fact comes."""
    return derived_id("REVIEW_FACT", aside.reference)


@handlers.command(FactSetAside, needs=lambda aside: [Task.ref(review_id(aside))])
def ask_for_review(aside: FactSetAside, work: Work) -> Task:
    """The agency's own people know what they meant; the task names the place in quarantine, and no case."""
    known = work.find(Task, review_id(aside))
    if known is not None:
        return known
    task = Task(
        id=review_id(aside),
        kind="REVIEW_FACT",
        case_ref=None,
        agency=f"{aside.owner}-{PROVINCE}",
        assignee=None,
        about=aside.reference,
        reason=aside.reason,
    )
    work.put(task, "TASK_OPENED", kind="REVIEW_FACT")
    return task

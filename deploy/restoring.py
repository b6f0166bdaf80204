"""Recording that a back-up was restored: the signed record, and what must not be given twice."""

from typing import TYPE_CHECKING, Any

from deploy.acting import act
from deploy.auditing import Question, ask_audit
from deploy.errors import OperatorError
from deploy.services import ServiceName, asking, settings_of

if TYPE_CHECKING:
    from shared.mongo.audit_trail import AuditTrail
    from shared.security.audit.checkpoint import Checkpoint


def record(service: ServiceName, by: str) -> dict[str, Any]:
    """Record it; answers the record's checkpoint, the entry after which the service goes on, how many sealed entries
    were lost, and the blocks of case numbers that were skipped.

    Numbers first: where this ends in the middle, it is still unrecorded, and skipping twice harms nobody.
    """
    copies = _copies(service)
    question = Question(by, "RESTORE_RECORDED", service.value)
    lost = ask_audit(service, question, lambda trail, _: _lost(trail, copies))
    blocks = _skip_numbers(lost) if service is ServiceName.CASES else 0
    made = asking(service, lambda mongo: _sign(service, mongo, copies))
    return {"checkpoint": made.number, "back_to": made.last, "lost": lost, "blocks_skipped": blocks}


def _copies(service: ServiceName) -> "list[Checkpoint]":
    from shared.service.audit_folder import CheckpointFolder

    folder = settings_of(service).audit_folder
    if folder is None:
        raise OperatorError(f"there are no copies: name their folder by PULANG_{service.upper()}_AUDIT_FOLDER")
    return CheckpointFolder(folder, service).every()


async def _lost(trail: "AuditTrail", copies: "list[Checkpoint]") -> int:
    """How many sealed entries the copies know of that the database does not."""
    from shared.mongo.audit_checkpoints import CheckpointStore

    kept = await CheckpointStore(trail.mongo).newest()
    return max(0, copies[-1].last - (kept.last if kept else 0)) if copies else 0


def _skip_numbers(lost: int) -> int:
    """This year's, and last year's, of which an event may still be on its way."""
    from services.cases.commands import SkipNumbers
    from services.cases.domain.numbers import blocks_given, year_of
    from shared.service.runtime import domain_clock

    year, blocks = year_of(domain_clock(settings_of(ServiceName.CASES))()), blocks_given(lost)
    act(ServiceName.CASES, "NUMBERS_SKIPPED", [SkipNumbers(each, blocks) for each in (year, str(int(year) - 1))])
    return blocks


async def _sign(service: ServiceName, mongo: Any, copies: "list[Checkpoint]") -> "Checkpoint":
    from shared.mongo.audit_chain import AuditChain, Broken
    from shared.mongo.outbox_writer import OutboxWriter
    from shared.service.audit_folder import CheckpointFolder
    from shared.service.auditing import signer_of
    from shared.service.runtime import domain_clock

    settings = settings_of(service)
    chain = AuditChain(service, mongo, OutboxWriter(service, settings.outbox_shards), domain_clock(settings))
    try:
        made = await chain.restore(signer_of(settings), copies)
    except (Broken, ValueError, OSError) as error:
        raise OperatorError(f"{service}: {error}") from None
    CheckpointFolder(settings.audit_folder, service).append(made)
    return made

"""The events of a delivery's end."""

from services.notify.domain.delivery import Delivery, State
from shared.events.notice_v1 import NoticeSent, NoticeUndeliverable
from shared.kernel.work import Work


def publish_end(delivery: Delivery, work: Work) -> None:
    """Tell the other services how a delivery ended; nothing while it is under way."""
    if delivery.state is State.SENT:
        work.emit(
            NoticeSent(
                occurred_at=work.now,
                notice_ref=delivery.notice,
                cause_id=delivery.event_id,
                agency=delivery.office,
                channel=delivery.channel,
            ),
            key=delivery.notice,
        )
    elif delivery.state in (State.FAILED, State.UNKNOWN):
        work.emit(
            NoticeUndeliverable(
                occurred_at=work.now,
                notice_ref=delivery.notice,
                cause_id=delivery.event_id,
                case_ref=delivery.case_ref,
                agency=delivery.office,
                channel=delivery.channel,
                reason=delivery.reason or "UNKNOWN",
            ),
            key=delivery.notice,
        )

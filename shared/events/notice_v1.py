"""Facts of notification. Key: the notice."""

from shared.events.envelope import Code, EventData, Id
from shared.events.intake_v1 import AgencyRef

TOPIC = ("notice-events",)


class NoticeSent(EventData):
    """A notice reached its channel's server (mail) or the inbox (in-app)."""

    type = "id.pulang.notice.notice.sent.v1"
    topics = TOPIC

    notice_ref: Id
    cause_id: Id
    agency: AgencyRef
    channel: Code


class NoticeUndeliverable(EventData):
    """A notice could not be delivered, or nobody knows whether it was; someone has to call."""

    type = "id.pulang.notice.notice.undeliverable.v1"
    topics = TOPIC

    notice_ref: Id
    cause_id: Id
    case_ref: Id | None
    agency: AgencyRef
    channel: Code
    reason: Code

"""The delivery log."""

from services.notify.api.models import DeliveryView
from services.notify.domain.delivery import Delivery
from shared.http.routes import Call, Routes

routes = Routes()


@routes.list(
    "/v1/deliveries",
    permission="delivery.list",
    audit="DELIVERIES_LISTED",
    kind=Delivery,
    filters=("state", "channel", "notice"),
)
def delivery_view(delivery: Delivery, call: Call) -> DeliveryView:
    """List what was sent to the office, and how it went."""
    return DeliveryView(
        id=delivery.id,
        notice=delivery.notice,
        office=delivery.office,
        recipient=delivery.recipient,
        channel=delivery.channel,
        state=delivery.state,
        reason=delivery.reason,
        attempts=delivery.attempts,
        created_at=delivery.created_at,
        updated_at=delivery.updated_at,
    )

"""Event → notices and deliveries. One rule function serves every event; which events and whom is data."""

from collections.abc import Iterable
from functools import partial

from services.notify.domain.address_book import AddressBook
from services.notify.domain.catalogue import Catalogue
from services.notify.domain.channel import Channel
from services.notify.domain.delivery import Delivery, Reason, State
from services.notify.domain.notice import About, Notice
from services.notify.domain.rule import Rule
from services.notify.publishing import publish_end
from services.notify.seals import is_sealed_from
from shared.events.envelope import Event, EventData
from shared.events.registry import models_of
from shared.kernel.aggregate import Ref
from shared.kernel.rulebook import Rulebook
from shared.kernel.work import Rule as Handler
from shared.kernel.work import Work
from shared.security.seals import Seal

NAMED = {
    "case_ref": "CASE",
    "subject_ref": "SUBJECT",
    "subject_refs": "SUBJECT",
    "referral_ref": "REFERRAL",
    "file_ref": "FILE",
}
"""The fields of events by which a notice is known to be about a case or a person, and what they refer to."""


def handlers(catalogue: Catalogue) -> Rulebook:
    """The rulebook that these rules make; raises ValueError where one speaks of an unknown event or field."""
    book = Rulebook()
    models = models_of()
    for event_type, rules in catalogue.rules.items():
        model = _model(models, event_type, rules)
        book.on(model, needs=partial(_needs, rules))(_telling(rules))
    return book


def _model(models: dict[str, type[EventData]], event_type: str, rules: Iterable[Rule]) -> type[EventData]:
    model = models.get(event_type)
    if model is None:
        raise ValueError(f"no event type {event_type}")
    unknown = {field for rule in rules for field in rule.fields} - model.model_fields.keys()
    if unknown:
        raise ValueError(f"{event_type} has no fields {sorted(unknown)}")
    return model


def _needs(rules: Iterable[Rule], event: Event[EventData]) -> list[Ref]:
    books = [AddressBook.ref(office) for rule in rules for office in rule.offices_of(event.data)]
    return books + [Seal.ref(each.ref) for each in named_in(event.data)]


def _telling(rules: tuple[Rule, ...]) -> Handler:
    def tell_offices(event: Event[EventData], work: Work) -> None:
        told: set[str] = set()
        for rule in rules:
            for office in rule.offices_of(event.data):
                if office not in told:
                    told.add(office)
                    _tell(office, rule, event, work)

    return tell_offices


def _tell(office: str, rule: Rule, event: Event[EventData], work: Work) -> None:
    notice = Notice(
        id=work.new_id(),
        event_id=event.id,
        office=office,
        template=rule.template,
        values=dict(rule.values_of(event.data)),
        about=rule.about.of(event.data),
        named=named_in(event.data),
        happened_at=event.occurred_at,
    )
    work.put(notice)
    sealed = is_sealed_from(office, notice.refs, work)
    for channel in rule.channels:
        if sealed and channel is not Channel.IN_APP:
            continue  # an office's address is everybody's; those named find it in the inbox
        for delivery in _deliveries(notice, channel, event, work):
            work.put(delivery, f"DELIVERY_{delivery.state}", reason=delivery.reason)
            publish_end(delivery, work)


def named_in(data: EventData) -> tuple[About, ...]:
    """What an event names, each once."""
    found = [(kind, getattr(data, name)) for name, kind in NAMED.items() if name in type(data).model_fields]
    each = ((kind, ref) for kind, value in found for ref in (value if isinstance(value, tuple) else (value,)))
    return tuple(dict.fromkeys(About(kind=kind, ref=ref) for kind, ref in each if ref is not None))


def _deliveries(notice: Notice, channel: Channel, event: Event[EventData], work: Work) -> list[Delivery]:
    """In the inbox it has arrived; mails wait for the sender; an office without an address is not forgotten."""
    if channel is Channel.IN_APP:
        return [_delivery(notice, notice.office, channel, event, work).end(State.SENT)]
    book = work.find(AddressBook, notice.office)
    recipients = book.by_email() if book else ()
    if not recipients:
        return [_delivery(notice, notice.office, channel, event, work).end(State.FAILED, Reason.NO_RECIPIENT)]
    return [_delivery(notice, f"{notice.office}/{recipient.id}", channel, event, work) for recipient in recipients]


def _delivery(notice: Notice, recipient: str, channel: Channel, event: Event[EventData], work: Work) -> Delivery:
    return Delivery(
        id=work.new_id(),
        event_id=event.id,
        notice=notice.id,
        office=notice.office,
        recipient=recipient,
        channel=channel,
        correlation_id=event.correlation_id,
        case_ref=getattr(event.data, "case_ref", None),
        named=notice.named,
    )

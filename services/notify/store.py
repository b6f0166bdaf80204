"""What notify keeps, and how it is found."""

from services.notify.domain.address_book import AddressBook
from services.notify.domain.delivery import Delivery, State
from services.notify.domain.notice import Notice
from shared.kernel.aggregate import Aggregate, Entry
from shared.mongo.indexes import Indexes, IndexModel
from shared.security.seals import Seal
from shared.security.staff import Member, Office

KINDS: tuple[type[Aggregate], ...] = (AddressBook, Notice, Delivery, Member, Office, Seal)
ENTRIES: tuple[type[Entry], ...] = ()

NEWEST_OF_OFFICE = [("office", 1), ("_id", -1)]

INDEXES: Indexes = {
    Notice.collection: [IndexModel(NEWEST_OF_OFFICE)],
    Delivery.collection: [
        IndexModel(NEWEST_OF_OFFICE),
        IndexModel([("try_at", 1), ("_id", 1)], partialFilterExpression={"state": State.PENDING.value}),
        IndexModel([("claimed_until", 1)], partialFilterExpression={"state": State.SENDING.value}),
    ],
}

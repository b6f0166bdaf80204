"""What notify keeps."""

from services.notify.domain.address_book import AddressBook
from services.notify.domain.delivery import Delivery
from services.notify.domain.notice import Notice
from shared.kernel.aggregate import Aggregate, Entry
from shared.security.staff import Member

KINDS: tuple[type[Aggregate], ...] = (AddressBook, Notice, Delivery, Member)
ENTRIES: tuple[type[Entry], ...] = ()

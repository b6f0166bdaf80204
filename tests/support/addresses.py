"""Where a test finds its servers, whoever started them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Addresses:
    """Connection string of the replica set, and the brokers, both with an administrator's account where there are any.

    `kafka_partners` is where partners reach the brokers, if that is elsewhere.
    """

    mongo_uri: str
    kafka_bootstrap: str
    kafka_partners: str = ""

    @property
    def guarded(self) -> bool:
        """Whether the servers let in only who has an account."""
        return "@" in self.kafka_bootstrap

"""Where a test finds its servers, whoever started them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Addresses:
    """Connection string of the replica set, and the brokers as "host:port,host:port"."""

    mongo_uri: str
    kafka_bootstrap: str

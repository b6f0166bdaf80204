"""Ways to the servers that others on the network could read, or walk as nobody in particular."""

from collections.abc import Iterator
from urllib.parse import parse_qsl

from shared.service.connections import Connections

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
WEAKENING = frozenset(
    {"tls", "ssl", "tlsinsecure", "tlsallowinvalidcertificates", "tlsallowinvalidhostnames", "tlscafile"}
)
"""What an address of MongoDB could say against the certificate's check; the settings alone speak of TLS."""


class OpenWay(ValueError):
    """A process would start with such a way. Names the settings, never their values."""


def refuse_open_ways(settings: Connections) -> None:
    """Raise OpenWay unless Kafka and MongoDB are reached over TLS, with their certificates checked, under an account
    that stands in no address: addresses are shown and logged."""
    faults = [*unencrypted(settings), *_unsigned(settings)]
    if faults:
        raise OpenWay("; ".join(faults))


def refuse_far_unencrypted(settings: Connections) -> None:
    """Raise OpenWay where a server that is not on this machine is reached without TLS."""
    addresses = {"kafka": settings.kafka_bootstrap, "mongo": settings.mongo_uri}
    far = {name for name, address in addresses.items() if not all(map(_is_here, _hosts(address)))}
    faults = [fault for fault in unencrypted(settings) if fault.partition("_")[0] in far]
    if faults:
        raise OpenWay("; ".join(faults))


def unencrypted(settings: Connections) -> Iterator[str]:
    """Which ways are not encrypted, or do not ask who is at the other end."""
    if settings.kafka_ca_file is None:
        yield "kafka_ca_file: Kafka is reached over TLS alone"
    if settings.mongo_ca_file is None:
        yield "mongo_ca_file: MongoDB is reached over TLS alone"
    options = parse_qsl(settings.mongo_uri.partition("?")[2], keep_blank_values=True)
    if WEAKENING & {name.lower() for name, _ in options}:
        yield "mongo_uri: the address says how the certificate is checked; mongo_ca_file does"


def _unsigned(settings: Connections) -> Iterator[str]:
    for name in ("kafka_username", "kafka_password", "mongo_username", "mongo_password"):
        if not getattr(settings, name):
            yield f"{name}: every process has an account of its own"
    for name in ("kafka_bootstrap", "mongo_uri"):
        if "@" in getattr(settings, name):
            yield f"{name}: an account does not stand in an address"


def _hosts(address: str) -> list[str]:
    """`host:port` of every server that an address names."""
    return address.rpartition("://")[2].rpartition("@")[2].partition("/")[0].partition("?")[0].split(",")


def _is_here(host: str) -> bool:
    return host.rpartition(":")[0] in LOOPBACK or host in LOOPBACK

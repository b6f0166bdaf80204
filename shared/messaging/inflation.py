"""Batches that grow beyond measure when they are decompressed.

The broker's limit counts compressed bytes, and aiokafka decompresses a batch whole before anybody sees a record: one
megabyte of zstd makes thirty gigabytes, so a partner could end the worker again after each restart. Here a batch is
first decompressed into as much room as an honest one needs. One that needs more is read as a single record in the
place of its last: the batch as it was sent, marked as too large, to be refused and passed like any other bad record.

Facts shrink to a tenth. One fetch (8 MB) so becomes 256 MB at most. Brokers take the present format of batches alone,
since Kafka 4.
"""

import gzip
import io
import struct
from collections.abc import Callable
from dataclasses import dataclass

import cramjam
from aiokafka.codec import snappy_decode

from shared.events.frame import OVERSIZED

ROOM_BYTES = 65_536
RATIO = 32
"""How many bytes one compressed byte may become, beyond the room that each batch has."""

_HEAD = struct.Struct(">q13xhiq")
"""Of a batch: first offset; attributes, last offset less the first, first timestamp."""
_PAYLOAD = 61
_CODEC = 0b111
_XERIAL = b"\x82SNAPPY\x00"


@dataclass(frozen=True, slots=True)
class Oversized:
    """What aiokafka takes for a record."""

    offset: int
    timestamp: int
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = (OVERSIZED,)
    key: None = None
    timestamp_type: int = 0
    checksum: None = None


def oversized(batch: memoryview) -> Oversized | None:
    """The record to read instead of this batch, where it grows too much, or cannot be decompressed at all."""
    first, attributes, ahead, timestamp = _HEAD.unpack_from(batch)
    codec, payload = attributes & _CODEC, batch[_PAYLOAD:]
    if codec == 0 or _FITS[codec](payload, ROOM_BYTES + RATIO * len(payload)):
        return None
    return Oversized(first + ahead, timestamp, bytes(payload))


def _gzip(payload: memoryview, room: int) -> bool:
    try:
        return len(gzip.GzipFile(fileobj=io.BytesIO(payload)).read(room + 1)) <= room
    except (OSError, EOFError):
        return False


def _snappy(payload: memoryview, room: int) -> bool:
    """Each block says how much it makes; it may lie, and then it is not made."""
    try:
        if sum(map(cramjam.snappy.decompress_raw_len, _blocks(bytes(payload)))) > room:
            return False
        snappy_decode(bytes(payload))
    except (cramjam.DecompressionError, struct.error):
        return False
    return True


def _blocks(payload: bytes) -> list[bytes]:
    if not payload.startswith(_XERIAL):
        return [payload]
    blocks, at = [], 16
    while at < len(payload):
        (size,) = struct.unpack_from(">I", payload, at)
        blocks.append(payload[at + 4 : at + 4 + size])
        at += 4 + size
    return blocks


def _into(decompress: Callable[[bytes, bytearray], int]) -> Callable[[memoryview, int], bool]:
    def fits(payload: memoryview, room: int) -> bool:
        try:
            decompress(bytes(payload), bytearray(room))
        except cramjam.DecompressionError:
            return False
        return True

    return fits


_FITS: dict[int, Callable[[memoryview, int], bool]] = {
    1: _gzip,
    2: _snappy,
    3: _into(cramjam.lz4.decompress_into),
    4: _into(cramjam.zstd.decompress_into),
}

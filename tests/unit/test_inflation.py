"""A small batch that becomes a big one is read as one record that says so; every honest batch is read as it is."""

import gzip
import struct
import tracemalloc
import uuid
from collections.abc import Callable

import cramjam
import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

from shared.events.codec import decode
from shared.events.frame import OVERSIZED
from shared.events.incoming import Partition, Record
from shared.events.registry import registry
from shared.messaging.safe_reading import _Records

GZIP, SNAPPY, LZ4, ZSTD = 1, 2, 3, 4
BOMB = 40_000_000


def batch(values: list[bytes], codec: int, first_offset: int = 40) -> bytes:
    """As a broker answers it."""
    builder = DefaultRecordBatchBuilder(2, codec, 0, -1, -1, -1, 1 << 30)
    for index, value in enumerate(values):
        assert builder.append(index, 1_700_000_000_000, b"k", value, [])
    raw = bytearray(builder.build())
    struct.pack_into(">q", raw, 0, first_offset)
    return bytes(raw)


def with_payload(raw: bytes, payload: bytes) -> bytes:
    """The batch with another payload, and head and checksum that fit."""
    changed = bytearray(raw[:61] + payload)
    struct.pack_into(">i", changed, 8, len(changed) - 12)
    struct.pack_into(">I", changed, 17, calc_crc32c(bytes(changed[21:])))
    return bytes(changed)


def read(raw: bytes) -> list[tuple[int, bytes, tuple[tuple[str, bytes], ...]]]:
    """Offset, value and headers of all records."""
    records, found = _Records(raw), []
    while records.has_next():
        each = records.next_batch()
        assert each.validate_crc()
        found += [(record.offset, record.value, tuple(record.headers)) for record in each]
    return found


def facts(count: int) -> list[bytes]:
    """Facts as alike as facts get: only ids differ."""
    template = b'{"specversion":"1.0","id":"%s","data":{"foreign_no":"BP3-1","code":"ARRIVED"}}'
    return [template % str(uuid.uuid4()).encode() for _ in range(count)]


@pytest.mark.parametrize("codec", [0, GZIP, SNAPPY, LZ4, ZSTD])
@pytest.mark.parametrize("count", [1, 2000])
def test_an_honest_batch_is_read_as_it_is(codec: int, count: int) -> None:
    values = facts(count)
    assert [value for _, value, _ in read(batch(values, codec))] == values


@pytest.mark.parametrize("codec", [GZIP, LZ4, ZSTD])
def test_a_bomb_is_one_record_in_the_place_of_its_last_and_its_neighbours_are_read(codec: int) -> None:
    bomb = batch([b"a" * (BOMB // 2)] * 2, codec, first_offset=41)
    assert len(bomb) < BOMB / 200
    raw = batch([b"before"], 0, 40) + bomb + batch([b"after"], 0, 43)
    tracemalloc.start()
    found = read(raw)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [offset for offset, _, _ in found] == [40, 42, 43]
    assert [found[0][1], found[2][1]] == [b"before", b"after"]
    assert found[1] == (42, bomb[61:], (OVERSIZED,))
    assert peak < BOMB / 2


XERIAL = b"\x82SNAPPY\x00\x00\x00\x00\x01\x00\x00\x00\x01"
TRICKS: dict[str, tuple[int, Callable[[bytes], bytes]]] = {
    "two members": (GZIP, lambda big: gzip.compress(b"x") + gzip.compress(big)),
    "two frames": (ZSTD, lambda big: bytes(cramjam.zstd.compress(b"x")) + bytes(cramjam.zstd.compress(big))),
    "one block that lies about its size": (SNAPPY, lambda _: b"\xff\xff\xff\xff\x0f" + b"\x00"),
    "blocks that run over": (SNAPPY, lambda _: XERIAL + b"\xff\xff\xff\xff" + b"\x00"),
    "blocks cut off": (SNAPPY, lambda _: XERIAL + b"\x00\x00"),
    "no gzip at all": (GZIP, lambda _: b"nonsense"),
    "gzip cut off": (GZIP, lambda _: gzip.compress(b"x" * 1000)[:-12]),
    "no zstd at all": (ZSTD, lambda _: b"nonsense"),
    "no lz4 at all": (LZ4, lambda _: b"nonsense"),
}


@pytest.mark.parametrize("trick", TRICKS)
def test_no_trick_stops_the_reading(trick: str) -> None:
    codec, make = TRICKS[trick]
    raw = with_payload(batch([b"v"], codec), make(b"a" * BOMB))
    assert [headers for _, _, headers in read(raw)] == [(OVERSIZED,)]


@pytest.mark.parametrize("topic", ["partner-bp2mi", "case-events"])
def test_what_stands_for_it_is_refused_as_too_large(topic: str) -> None:
    record = Record(Partition(topic, 0), 1, None, b"compressed", (OVERSIZED,))
    assert decode(record, registry(), "cases").refusal == "TOO_LARGE"

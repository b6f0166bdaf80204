"""A record with an unreadable header's name must not stop the records around it."""

import struct

import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import calc_crc32c

from shared.messaging.safe_reading import _Records

GZIP = 1


def batch(compression: int = 0, first_offset: int = 40, name: str = "xx-bad") -> bytes:
    """Three records as a broker answers them, the middle one with a header."""
    builder = DefaultRecordBatchBuilder(2, compression, 0, -1, -1, -1, 1 << 20)
    for index, headers in enumerate([[("ok", b"1")], [(name, b"2"), ("none", None)], []]):
        assert builder.append(index, 1_700_000_000_000, b"k", b"v%d" % index, headers)
    raw = bytearray(builder.build())
    struct.pack_into(">q", raw, 0, first_offset)
    return bytes(raw)


def spoilt(raw: bytes) -> bytes:
    """The batch with two bytes of the header's name that are no UTF-8, and a checksum that says so."""
    changed = bytearray(raw.replace(b"xx-bad", b"\xff\xfe-bad"))
    struct.pack_into(">I", changed, 17, calc_crc32c(bytes(changed[21:])))
    return bytes(changed)


def read(raw: bytes) -> list[tuple[int, bytes, list[tuple[str, bytes | None]]]]:
    records, found = _Records(raw), []
    while records.has_next():
        each = records.next_batch()
        assert each.validate_crc()
        assert not each.is_control_batch
        found += [(record.offset, record.value, list(record.headers)) for record in each]
    return found


def test_aiokafka_alone_stops_at_such_a_record() -> None:
    records = MemoryRecords(spoilt(batch()))
    with pytest.raises(UnicodeDecodeError):
        list(records.next_batch())


def test_every_record_arrives_once_and_in_order() -> None:
    found = read(spoilt(batch()) + batch(first_offset=43))
    assert [offset for offset, _, _ in found] == [40, 41, 42, 43, 44, 45]
    assert [value for _, value, _ in found] == [b"v0", b"v1", b"v2"] * 2
    assert found[0][2] == [("ok", b"1")]
    assert found[1][2] == [("\ufffd\ufffd-bad", b"2"), ("none", None)]
    assert found[4][2] == [("xx-bad", b"2"), ("none", None)]


@pytest.mark.parametrize("compression", [0, GZIP])
def test_good_records_are_read_as_aiokafka_reads_them(compression: int) -> None:
    raw = batch(compression)
    theirs = MemoryRecords(raw).next_batch()
    assert read(raw) == [(record.offset, record.value, list(record.headers)) for record in theirs]

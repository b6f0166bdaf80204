"""Reading what aiokafka cannot, or had better not: see `inflation`, and headers whose names are no UTF-8.

The broker takes any bytes as a header's name. aiokafka 0.14 decodes them strictly, and the UnicodeDecodeError comes out
of every `getmany` before the position moves: one such record of a partner's would stop all partitions for ever. Here
such a name is read with U+FFFD for its bad bytes, so that the record arrives and is refused like any other bad one.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any, SupportsIndex

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatch, _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy

from shared.messaging.inflation import oversized


def read_safely() -> None:
    """Make every consumer of this process read that way; calling it again changes nothing."""
    fetcher.MemoryRecords = _Records


class _Records(_MemoryRecordsPy):  # type: ignore[misc]
    """What a fetch brought for one partition."""

    def next_batch(self, *args: Any, **kwargs: Any) -> Any:
        piece = self._next_slice
        batch = super().next_batch(*args, **kwargs)
        return _Batch(batch, piece) if isinstance(batch, DefaultRecordBatch) else batch


class _Batch:
    """A batch read by aiokafka's compiled reader, and by the patient one from the first record that it can't read."""

    def __init__(self, batch: Any, piece: memoryview) -> None:
        self._batch = batch
        self._piece = piece

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        instead = oversized(self._piece)
        if instead is not None:
            yield instead
            return
        read = 0
        try:
            for record in self._batch:
                read += 1
                yield record
        except UnicodeDecodeError:
            yield from islice(_PatientBatch(self._piece), read, None)


class _PatientBatch(_DefaultRecordBatchPy):  # type: ignore[misc]
    """aiokafka's reader in Python, over bytes that always have a text."""

    _buffer: bytearray

    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        if not isinstance(self._buffer, _Bytes):
            self._buffer = _Bytes(self._buffer)


class _Bytes(bytearray):
    """Bytes that decode without failing, and so do their parts."""

    def __getitem__(self, place: SupportsIndex | slice) -> Any:
        found = super().__getitem__(place)
        return _Bytes(found) if isinstance(found, bytearray) else found

    def decode(self, encoding: str = "utf-8", _errors: str = "strict") -> str:
        return super().decode(encoding, "replace")

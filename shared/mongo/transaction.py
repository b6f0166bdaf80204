"""One transaction: how it begins, which errors mean what, how it commits.

The driver's `with_transaction` insists on retrying for 120 s; here the caller decides.
"""

import asyncio
import itertools
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import pymongo
from pymongo import ReadPreference
from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    OperationFailure,
    PyMongoError,
)
from pymongo.read_concern import ReadConcern

from shared.kernel.command import Unavailable
from shared.mongo.client import MAJORITY, Document, Mongo

T = TypeVar("T")

WRITE_CONFLICT = 112
DUPLICATE_KEY = 11000
BUDGET_S = 5.0
"""What one transaction may take from its first call to the answer of its commit."""
COMMIT_S = 1.0
"""The part of it that is kept for the commit, which has what the body leaves: a lost answer is asked for again."""


class Conflict(Exception):
    """Another transaction was there first: load again and decide again."""


class KeyTaken(Conflict):
    """A document with this id or unique key exists. Deciding again may find it; if not, the input is at fault."""


class Stuck(Exception):
    """Even refused, the input cannot be saved: a bug of ours, which no repetition mends."""


class Transient(Exception):
    """The database cannot do it now; the same call may work later."""


class OutcomeUnknown(Transient):
    """The commit was sent and its answer never came. Deciding again is safe: claims tell whether it happened."""


class Transaction:
    """An open transaction. One call at a time; nothing is visible to others before the commit."""

    def __init__(self, mongo: Mongo, session: Any) -> None:
        self.mongo = mongo
        self.session = session

    async def find(
        self,
        name: str,
        query: Document,
        *,
        sort: Sequence[tuple[str, int]] = (),
        limit: int = 0,
        fields: Document | None = None,
    ) -> list[Document]:
        """All documents of the service's collection that match; `fields` is a projection."""
        cursor = self.mongo.collection(name).find(query, fields, session=self.session, limit=limit)
        if sort:
            cursor = cursor.sort(list(sort))
        found: list[Document] = await cursor.to_list(None)
        return found

    async def insert(self, name: str, documents: Sequence[Document], database: str | None = None) -> None:
        """Insert all; a duplicate is a Conflict."""
        if documents:
            await self.mongo.collection(name, database).insert_many(documents, session=self.session)

    async def write(self, name: str, operations: Sequence[Any], *, guarded: int = 0) -> None:
        """Write all; where fewer than `guarded` documents were met, somebody else was first."""
        if not operations:
            return
        done = await self.mongo.collection(name).bulk_write(list(operations), ordered=False, session=self.session)
        if done.matched_count + done.inserted_count + done.deleted_count < guarded:
            raise Conflict(f"stale {name}")

    async def delete(self, name: str, query: Document) -> None:
        """Delete what matches."""
        await self.mongo.collection(name).delete_many(query, session=self.session)

    async def update(self, name: str, query: Document, change: Document) -> int:
        """Update what matches; answers how many documents did."""
        done = await self.mongo.collection(name).update_many(query, change, session=self.session)
        return int(done.matched_count)


async def transact(mongo: Mongo, body: Callable[[Transaction], Awaitable[T]], budget_s: float = BUDGET_S) -> T:
    """Run `body` in one snapshot transaction and commit it durably on a majority, within `budget_s`.

    Raises Conflict, Transient or OutcomeUnknown for what may be tried again; anything else comes through as it is.
    `body` may be run again by the caller, so it must not have side effects outside the transaction.
    """
    end = time.monotonic() + budget_s
    try:
        async with await mongo.client.start_session() as session:
            session.start_transaction(ReadConcern("snapshot"), MAJORITY, ReadPreference.PRIMARY)
            try:
                with pymongo.timeout(budget_s - COMMIT_S):
                    result = await body(Transaction(mongo, session))
            except BaseException:
                await _abort(session)
                raise
            await _commit(session, end)
            return result
    except PyMongoError as error:
        raise translated(error) from error


async def _abort(session: Any) -> None:
    try:
        with pymongo.timeout(COMMIT_S):
            await session.abort_transaction()
    except PyMongoError:
        return  # the server ends it by itself; the first error is the one that matters


async def _commit(session: Any, end: float) -> None:
    for attempt in itertools.count():
        try:
            with pymongo.timeout(max(0.1, end - time.monotonic())):
                await session.commit_transaction()
        except PyMongoError as error:
            if not error.has_error_label("UnknownTransactionCommitResult"):
                raise
            if time.monotonic() > end:
                raise OutcomeUnknown(type(error).__name__) from error
            await asyncio.sleep(jittered(0.05, attempt, 1.0))
        else:
            return


def translated(error: PyMongoError) -> Exception:
    """What a driver's error means to a unit of work; a bug of ours comes back unchanged.

    E11000 carries no transient label. Within a transaction it speaks of what the snapshot shows (of a document that
    came later it is a write conflict), so deciding again for ever would not help.
    """
    codes = _codes(error)
    if DUPLICATE_KEY in codes:
        return KeyTaken("duplicate")
    if WRITE_CONFLICT in codes:
        return Conflict("write conflict")
    if _passing(error):
        return Transient(type(error).__name__)
    return error


def _codes(error: PyMongoError) -> set[int | None]:
    if isinstance(error, BulkWriteError):
        return {each.get("code") for each in error.details.get("writeErrors", ())}
    return {error.code} if isinstance(error, OperationFailure) else set()


def _passing(error: PyMongoError) -> bool:
    labelled = error.has_error_label("TransientTransactionError") or error.has_error_label("RetryableWriteError")
    return labelled or error.timeout or isinstance(error, ConnectionFailure)


def jittered(base_s: float, attempt: int, cap_s: float) -> float:
    """Exponential back-off with full jitter, in seconds."""
    return random.uniform(0.5, 1.0) * min(cap_s, base_s * 2.0 ** min(attempt, 20))  # noqa: S311 - no secret


def not_now(error: BaseException) -> Unavailable | None:
    """For interfaces: which errors mean that the database cannot just now."""
    return Unavailable() if isinstance(error, PyMongoError | Transient) else None

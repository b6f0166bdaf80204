"""Mutants of the runtime: each breaks one promise, and the check of that promise must notice."""

from collections.abc import Callable
from typing import Any

import pytest

from shared.mongo import event_lane, parking, progress
from shared.mongo.transaction import transact
from tests.chaos import killing
from tests.chaos.killing import Check

pytestmark = [pytest.mark.integration, pytest.mark.chaos]

Mutation = Callable[[pytest.MonkeyPatch], None]
CHECKS = (
    killing.a_repetition_has_no_second_effect,
    killing.a_crash_between_two_transactions_of_a_batch_skips_nothing,
    killing.each_partition_has_progress_of_its_own,
    killing.who_lost_a_partition_changes_nothing,
    killing.progress_and_effect_are_one,
    killing.behind_a_refused_event_its_key_waits,
)


def skip_the_inbox(patch: pytest.MonkeyPatch) -> None:
    """Neither read it nor write it."""

    async def empty(*_: Any) -> dict[str, Any]:
        return {}

    async def save(batch: Any, tx: Any) -> None:
        batch.claims = []
        await original(batch, tx)

    original = event_lane.EventBatch.save
    patch.setattr(event_lane, "read_inbox", empty)
    patch.setattr(event_lane.EventBatch, "save", save)
    patch.setattr(event_lane.EventBatch, "_repeated", lambda batch, desk, incoming, _: batch._fresh(desk, incoming))


def commit_the_end_of_the_whole_batch(patch: pytest.MonkeyPatch) -> None:
    """The first half saves the offset behind the second."""

    def halves(batch: Any) -> Any:
        made = original(batch)
        if made:
            made[0].end = getattr(batch, "end", None) or _ends(batch)
        return made

    async def save(batch: Any, tx: Any) -> None:
        batch.positions.update(getattr(batch, "end", {}))
        await original_save(batch, tx)

    original, original_save = event_lane.EventBatch.halves, event_lane.EventBatch.save
    patch.setattr(event_lane.EventBatch, "halves", halves)
    patch.setattr(event_lane.EventBatch, "save", save)


def _ends(batch: Any) -> dict[Any, int]:
    return {i.record.partition: i.record.offset + 1 for i in batch.incoming}


def commit_the_greatest_offset(patch: pytest.MonkeyPatch) -> None:
    """One number for all partitions."""

    async def save(self: Any, tx: Any, positions: dict[Any, int], *more: Any) -> None:
        await original(self, tx, dict.fromkeys(positions, max(positions.values())), *more)

    original = progress.Progress.save
    patch.setattr(progress.Progress, "save", save)


def drop_the_fence(patch: pytest.MonkeyPatch) -> None:
    """Whatever is saved, go on from what we knew."""

    async def check(*_: Any) -> None:
        return

    async def save(self: Any, tx: Any, positions: dict[Any, int], *more: Any) -> None:
        for partition, position in positions.items():
            query = {"_id": self._id(partition)}
            if not await tx.update(progress.PROGRESS, query, {"$set": {"next": position}}):
                await tx.insert(progress.PROGRESS, [{**query, "next": position}])

    patch.setattr(progress.Progress, "check", check)
    patch.setattr(progress.Progress, "save", save)


def move_progress_first(patch: pytest.MonkeyPatch) -> None:
    """In a transaction of its own, then the effects in another."""

    async def claim(batch: Any, tx: Any) -> Any:
        needs = await original(batch, tx)
        if batch.positions:
            mongo, saved = batch.lane.uow.mongo, batch.lane.progress
            await transact(mongo, lambda own: saved.save(own, batch.positions))
        batch.positions = {}
        return needs

    original = event_lane.EventBatch.claim
    patch.setattr(event_lane.EventBatch, "claim", claim)


def park_without_a_head(patch: pytest.MonkeyPatch) -> None:
    """Rows only."""

    async def save(lot: Any, tx: Any) -> None:
        await tx.insert(parking.ROWS, lot.rows)

    patch.setattr(parking.ParkingLot, "save", save)


MUTANTS: dict[Mutation, Check] = {
    skip_the_inbox: killing.a_repetition_has_no_second_effect,
    commit_the_end_of_the_whole_batch: killing.a_crash_between_two_transactions_of_a_batch_skips_nothing,
    commit_the_greatest_offset: killing.each_partition_has_progress_of_its_own,
    drop_the_fence: killing.who_lost_a_partition_changes_nothing,
    move_progress_first: killing.progress_and_effect_are_one,
    park_without_a_head: killing.behind_a_refused_event_its_key_waits,
}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_holds(check: Check, mongo_uri: str, unique: str) -> None:
    await check(mongo_uri, unique)


@pytest.mark.timeout(30)
@pytest.mark.parametrize("mutation", MUTANTS, ids=lambda mutation: mutation.__name__)
async def test_mutant_is_killed(
    mutation: Mutation, mongo_uri: str, unique: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutation(monkeypatch)
    with pytest.raises(AssertionError) as killed:
        await MUTANTS[mutation](mongo_uri, unique)
    print(killed.value)


def test_every_check_has_its_mutant() -> None:
    assert set(MUTANTS.values()) == set(CHECKS)

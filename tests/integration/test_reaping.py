"""Keys that protect nothing end by themselves; no key under which something is kept, or is just being kept, does."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from services.intake.reaping import PEOPLE, SUSPECTS, reap
from shared.kernel.ids import new_id
from shared.mongo.arrivals import Mover
from shared.mongo.fieldcrypto import FieldCrypto
from shared.mongo.keyvault import REAP_AFTER, KeyVault
from tests.integration.test_intake_api import keys_of, returnee, screening, stop, taken_in
from tests.support.addresses import Addresses
from tests.support.intake import POSKO, UPTD, Intake, running_intake

pytestmark = pytest.mark.integration

AT_ONCE = timedelta(seconds=-5)
"""As old as it may be: what was used just now is then too old as well."""


@pytest.fixture
async def intake(stack: Addresses, unique: str) -> AsyncIterator[Intake]:
    async with running_intake(stack, unique) as running:
        yield running


def people(intake: Intake) -> KeyVault:
    vault: KeyVault = intake.running.runtime.keyvault
    return vault


async def reap_all(intake: Intake, age: timedelta = AT_ONCE) -> tuple[int, int]:
    """How many keys of people and of suspects are reaped."""
    runtime, suspects = intake.running.runtime, intake.settings.suspects()
    try:
        theirs = await reap(KeyVault(suspects, intake.settings.key_databases[1]), suspects, SUSPECTS, age)
    finally:
        await suspects.close()
    return await reap(people(intake), runtime.mongo, PEOPLE, age), theirs


async def test_the_keys_of_a_refused_stop_end_and_all_others_stay(intake: Intake) -> None:
    one = {"kabupaten": "53.02", "identity": {"full_name": "V-020"}}
    kept = await intake.post(POSKO, "/v1/interdictions", stop(people=[one], recruiters=[{"name": "V-098"}]))
    person = await taken_in(intake)
    await intake.post(UPTD, f"{person}/screenings", screening())
    before = await keys_of(intake)

    refused = stop(people=[one], recruiters=[{"name": "V-098"}], legal_basis="PERMENAKER_18_2024")
    assert (await intake.call(POSKO, "POST", "/v1/interdictions", refused)).json()["code"] == "NO_LEGAL_BASIS"
    assert await keys_of(intake) == [before[0] + 1, before[1] + 1]
    assert await reap_all(intake, REAP_AFTER) == (0, 0), "the command could still be on its way"

    assert await reap_all(intake) == (1, 1)
    assert await keys_of(intake) == before
    ref = kept["people"][0]["subject_ref"]
    assert (await intake.read(POSKO, f"/v1/subjects/{ref}/identity"))["full_name"] == "V-020"


async def test_a_recruiter_who_was_moved_on_keeps_the_key(intake: Intake) -> None:
    await intake.post(POSKO, "/v1/interdictions", stop(recruiters=[{"name": "V-098"}]))
    assert (await reap_all(intake))[1] == 0, "it stands at the door"
    mongo = intake.settings.suspects()
    try:
        assert await Mover(mongo, SUSPECTS[1][0], intake.running.runtime.clock).sweep() == 1
    finally:
        await mongo.close()
    assert (await reap_all(intake))[1] == 0


async def test_who_was_refused_comes_again_under_the_same_reference(intake: Intake) -> None:
    ref = new_id()
    crypto: FieldCrypto = intake.running.runtime.crypto
    await crypto.encrypt_document(ref, {"full_name": "V-020"})
    assert (await reap_all(intake))[0] == 1
    body = returnee(ref=ref, identity={"full_name": "V-020"})  # sealed by a process that still remembers the old key
    await intake.post(UPTD, "/v1/subjects", body)
    async with FieldCrypto.open(intake.settings, intake.running.runtime.mongo) as another:
        [vault] = [row for row in await intake.rows("vault") if row["_id"] == ref]
        assert (await another.decrypt_document(ref, vault["sealed"]["c3"])).reveal()["full_name"] == "V-020"


async def test_a_key_that_somebody_seals_under_again_is_not_reaped_under_their_hands(intake: Intake) -> None:
    ref, vault = new_id(), people(intake)
    crypto: FieldCrypto = intake.running.runtime.crypto
    await crypto.encrypt_document(ref, {"full_name": "V-020"})
    keys = intake.running.runtime.mongo.native[vault.database]["keys"]
    long_ago = {"$set": {"updateDate": (await keys.find_one({"keyAltNames": ref}))["updateDate"] - 2 * REAP_AFTER}}
    await keys.update_one({"keyAltNames": ref}, long_ago)
    assert await vault.unused(None, 10) == [ref]

    await crypto.encrypt_document(ref, {"full_name": "V-020"})  # a slow command, between the look and the reaping
    assert await vault.reap([ref]) == 0
    assert await vault.unused(None, 10) == []


async def test_keys_of_quarantine_and_probes_protect_no_person_and_stay(intake: Intake) -> None:
    crypto: FieldCrypto = intake.running.runtime.crypto
    await crypto.seal("BP2MI", "2026-05", b"x")
    await crypto.check()
    before = await keys_of(intake)
    assert await reap_all(intake) == (0, 0)
    assert await keys_of(intake) == before


async def test_many_seal_while_somebody_reaps_and_nothing_is_lost(intake: Intake) -> None:
    refs = [new_id() for _ in range(30)]

    async def register(ref: str) -> int:
        body = returnee(ref=ref, identity={"full_name": "V-020"})
        return (await intake.call(UPTD, "POST", "/v1/subjects", body)).status_code

    async def reaping() -> None:
        for _ in range(20):
            await reap_all(intake, REAP_AFTER)

    *statuses, _ = await asyncio.gather(*map(register, refs), reaping())
    assert set(statuses) == {201}
    for ref in refs:
        assert (await intake.read(UPTD, f"/v1/subjects/{ref}/identity"))["full_name"] == "V-020"

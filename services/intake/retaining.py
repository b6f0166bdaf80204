"""Retention as it runs: who is due by the schedule, what was done, and a report of counts that proves it."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import structlog

from services.intake.commands.erasures import ApplyRetention, EraseAgain, EraseStop, is_old_enough
from services.intake.domain.interdiction import Interdiction
from services.intake.domain.offices import POSKOS
from services.intake.domain.retention import RetentionRun, RuleReport, Verdict, verdict
from services.intake.domain.schedule import Retention, Step
from services.intake.domain.subject import Subject
from services.intake.erasing import ledger_of
from services.intake.schedule import retention, schedule
from services.intake.sweeping import resting, submit
from shared.kernel.aggregate import Aggregate
from shared.kernel.ids import new_id
from shared.kernel.reader import Reader
from shared.mongo.documents import to_document
from shared.service.runtime import Runtime

log = structlog.get_logger(__name__)

PAGE = 200
EVERY_S = 600.0


async def keep_retention(runtime: Runtime, stop: asyncio.Event) -> None:
    """The clock role's task."""
    await resting(runtime, stop, "retention", every_s=EVERY_S, sweep=_run_and_log)


async def _run_and_log(runtime: Runtime) -> None:
    proof = await run(runtime)
    if proof is not None:
        due = {rule.rule: len(rule.due) for rule in proof.rules}
        log.info("retention", stops=proof.stops, again=proof.again, due=due)


async def run(runtime: Runtime) -> RetentionRun | None:
    """Do what is due. Leaves a proof where anything was; answers it."""
    again = await _erase_again(runtime)
    rules = tuple([await _apply(runtime, rule) for rule in retention().values()])
    stops = await _end_stops(runtime)
    if not (again or stops or any(rule.due for rule in rules)):
        return None
    proof = RetentionRun(id=new_id(), at=runtime.clock(), rules=rules, stops=stops, again=again)
    await runtime.mongo.collection(RetentionRun.collection).insert_one(to_document(proof))
    return proof


async def report(reader: Reader, now: datetime) -> list[RuleReport]:
    """What `run` would do now, and what keeps the rest."""
    return [(await _weigh(reader, rule, {"erased_at": None}, now))[0] for rule in retention().values()]


async def _apply(runtime: Runtime, rule: Retention) -> RuleReport:
    told, due = await _weigh(runtime.reader, rule, _candidates(rule, runtime.clock()), runtime.clock())
    for subject in due:
        await submit(runtime, f"RETENTION_{rule.code}", ApplyRetention(subject=subject, rule=rule.code))
    return told


def _candidates(rule: Retention, now: datetime) -> dict[str, Any]:
    """Nobody whom the rule could be about is left out; the verdict decides on each."""
    waiting: dict[str, Any] = {
        "erased_at": None,
        "case_ref": None,
        "created_at": {"$lte": now - timedelta(days=rule.after_days)},
    }
    if rule.does is Step.END_POSKO_ACCESS:
        waiting["offices"] = {"$regex": f"^({'|'.join(POSKOS)})-"}
    return waiting


async def _weigh(reader: Reader, rule: Retention, query: dict[str, Any], now: datetime) -> tuple[RuleReport, list[str]]:
    counts: Counter[str] = Counter()
    due: list[str] = []
    async for subject in every(reader, Subject, query):
        says = verdict(subject, rule, schedule().training_consent, now)
        counts[says.value] += says is not Verdict.OTHER
        due += [subject.id] if says is Verdict.DUE else []
    told = RuleReport(
        rule=rule.code,
        version=rule.version,
        does=rule.does.value,
        basis=rule.basis,
        due=tuple(sorted(map(short_hash, due))),
        counts={code: count for code, count in sorted(counts.items()) if count},
    )
    return told, due


async def _end_stops(runtime: Runtime) -> int:
    """What was sealed of stops whose people are all unknown by now."""
    ended = 0
    async for stop in every(runtime.reader, Interdiction, {"erased_at": None}):
        people = tuple(row.subject_ref for row in stop.people)
        known = {"_id": {"$in": list(people)}, "erased_at": None}
        if is_old_enough(stop, runtime.clock()) and await runtime.reader.find_one(Subject, known) is None:
            await submit(runtime, "RETENTION_STOP", EraseStop(interdiction=stop.id, people=people))
            ended += 1
    return ended


async def _erase_again(runtime: Runtime) -> int:
    """Who is erased by the ledger and not by this database, which comes from an older back-up."""
    ledger = ledger_of(runtime.parts)
    owners = list(await asyncio.to_thread(ledger.owners)) if ledger else []
    again = 0
    async for subject in every(runtime.reader, Subject, {"_id": {"$in": owners}, "erased_at": None}):
        await submit(runtime, "ERASED_AGAIN", EraseAgain(subject=subject.id))
        again += 1
    return again


async def every(reader: Reader, kind: type[Aggregate], query: dict[str, Any]) -> AsyncIterator[Any]:
    """All aggregates that match, page by page."""
    last = ""
    while page := await reader.find(kind, {"$and": [query, {"_id": {"$gt": last}}]}, sort=[("_id", 1)], limit=PAGE):
        for aggregate in page:
            yield aggregate
        last = page[-1].id


def short_hash(ref: str) -> str:
    """Twelve hex digits of a reference's hash."""
    return hashlib.sha256(ref.encode()).hexdigest()[:12]

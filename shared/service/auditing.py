"""The sequencer: the clock role's task that numbers, links, seals and watches a service's audit."""

import asyncio
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog

from shared.mongo.audit_chain import AuditChain, Broken
from shared.mongo.audit_checkpoints import CheckpointStore
from shared.mongo.audit_trail import AuditTrail
from shared.mongo.releasing import wait
from shared.mongo.transaction import Conflict, not_now
from shared.security.audit.signing import Signer
from shared.security.audit.watch import Watch, watch_list
from shared.service.audit_folder import CheckpointFolder
from shared.service.runtime import Runtime
from shared.service.settings import SAMPLE_SECRET, ServiceSettings

log = structlog.get_logger(__name__)

SWEEP_S = 0.3
"""An entry is numbered within a second."""
IDLE_S = 2.0
"""How often those ask for the lease who don't hold it."""
SEAL_S = 10.0
PRUNE_S = 3600.0
KEEP = timedelta(days=5 * 366)
"""Access logs are kept for five years, and never less for a leap year."""
SEAL_AFTER = 5000
"""Entries that are sealed without waiting longer."""


@dataclass
class Sequencer:
    """Runs while it holds the lease. What it does twice, or another does at the same time, is done once."""

    runtime: Runtime
    signer: Signer
    old: Signer | None = None
    folder: CheckpointFolder | None = None
    _until: float = 0.0
    _sealed_at: float = field(default_factory=time.monotonic)
    _unsealed: int = 0
    _watch: Watch | None = None
    _prune_at: float = 0.0

    def __post_init__(self) -> None:
        runtime = self.runtime
        self.chain = AuditChain(runtime.name, runtime.mongo, runtime.uow.outbox, runtime.clock)
        self.trail = AuditTrail(runtime.name, runtime.mongo)
        self.checkpoints = CheckpointStore(runtime.mongo)
        self._lease = f"audit|{runtime.name}"

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop; then what is numbered is sealed, and the lease is free at once."""
        while not stop.is_set():
            holding = await self._holds()
            if holding:
                await self._turn()
            await wait(stop, SWEEP_S if holding else IDLE_S)
        if self._until > time.monotonic():
            self._sealed_at = -math.inf
            await self._turn()
            await self.runtime.leases.release(self._lease)

    async def _holds(self) -> bool:
        """Renew at half of the time that is left to act."""
        now = time.monotonic()
        if now > self._until - self.runtime.leases.ttl_s / 3:
            self._until = await self.runtime.leases.hold(self._lease) or 0.0
            self._watch = self._watch if self._until else None
        return self._until > now

    async def _turn(self) -> None:
        """What cannot be done now is tried again; a broken chain is cried about each time, and never signed over."""
        try:
            await self.number()
            await self.seal_when_due()
            await self.prune_when_due()
            self.runtime.metrics.audit_broken.set(0)
        except Broken as broken:
            self.runtime.metrics.audit_broken.set(1)
            self._sealed_at = time.monotonic()
            log.error("audit_broken", place=str(broken))
        except Conflict:
            return  # another was there first: look again
        except (OSError, ValueError) as error:
            log.error("audit_copy_failed", error=type(error).__name__)
        except Exception as error:
            if not_now(error) is None:
                raise
            log.warning("audit_postponed", error=type(error).__name__)

    async def number(self) -> None:
        """Number all that waits, as long as the lease is ours."""
        await self._remember()
        while self._until > time.monotonic():
            rows = await self.chain.number()
            self._unsealed += len(rows)
            if not rows:
                return
            await self._look(rows)

    async def _remember(self) -> None:
        """Whoever takes over knows the last minutes, also what another numbered and died before it spoke."""
        if self._watch is None:
            watching = watch_list()
            rows = await self.trail.numbered_since(self.runtime.clock() - watching.memory)
            self._watch = Watch(watching.rules)
            await self._look(rows)

    async def _look(self, rows: Sequence[Mapping[str, Any]]) -> None:
        for alarm in self._watch.look(rows) if self._watch else ():
            if await self.chain.alarm(alarm, watch_list().tell):
                log.warning("security_raised", rule=alarm.rule.code, alarm=alarm.ref)

    async def seal_when_due(self) -> None:
        """Seal each ten seconds, or sooner where much has come together."""
        if time.monotonic() - self._sealed_at < SEAL_S and self._unsealed < SEAL_AFTER:
            return
        while await self.chain.seal(self.signer, self.old):
            await self._copy()
        await self._copy()
        self._sealed_at, self._unsealed = time.monotonic(), 0

    async def prune_when_due(self) -> None:
        """Each hour: what is older than five years goes, once a signed record says so."""
        if time.monotonic() < self._prune_at:
            return
        old = await self.checkpoints.expired(self.runtime.clock() - KEEP)
        if old is not None:
            await self.chain.prune(self.signer, old)
            await self._copy()
        if deleted := await self.checkpoints.delete_expired():
            log.info("audit_expired", entries=deleted)
        self._prune_at = time.monotonic() + PRUNE_S

    async def _copy(self) -> None:
        """Bring the folder up to date: also what a process that died between the two did not write."""
        if self.folder is None:
            return
        last = await asyncio.to_thread(self.folder.last)
        if last is not None and await self.checkpoints.at(last.number) != last:
            raise Broken(f"checkpoint {last.number} is not the one that was copied")
        for checkpoint in await self.checkpoints.after(last.number if last else 0):
            await asyncio.to_thread(self.folder.append, checkpoint)


async def is_behind_its_copies(runtime: Runtime) -> bool:
    """Whether the folder has checkpoints that the database has lost: it is a restored back-up that nobody recorded."""
    path = runtime.settings.audit_folder
    copied = await asyncio.to_thread(CheckpointFolder(path, runtime.name).last) if path else None
    newest = await CheckpointStore(runtime.mongo).newest() if copied else None
    return copied is not None and (newest is None or newest.number < copied.number)


def sequencer(runtime: Runtime) -> Sequencer:
    """By the service's settings; raises ValueError or OSError where the key or the folder is missing."""
    settings = runtime.settings
    folder = settings.audit_folder
    if folder is None and not settings.local:
        raise ValueError("audit_folder: copies of the checkpoints are kept outside the database")
    old = settings.audit_old_key_file
    return Sequencer(
        runtime,
        signer_of(settings),
        Signer.from_file(old) if old else None,
        CheckpointFolder(folder, runtime.name) if folder else None,
    )


def signer_of(settings: ServiceSettings) -> Signer:
    """The key from its file; in local mode a sample serves."""
    if settings.audit_key_file is not None:
        return Signer.from_file(settings.audit_key_file)
    if not settings.local:
        raise ValueError("audit_key_file: the clock role signs the audit and needs a key of its own")
    return Signer.sample(SAMPLE_SECRET)

#!/usr/bin/env python3
"""Verify an export of Pulang's audit, without Pulang: Python 3.11 or later and the package `cryptography`.

    python verify_audit.py EXPORT [--checkpoints FILE_OR_FOLDER]... [--trust PUBLIC_KEY]... [--json]

EXPORT is what `pulang audit export` writes; `--checkpoints` names copies of the signed checkpoints that were kept
elsewhere, without which a truncated audit looks like a shorter one; `--trust` names the key that the first checkpoint
must be signed with (or, after a lost key, the new one). The format is in docs/audit-format.md.

Exit codes: 0 all is well, 1 something was changed (the first bad entry is named), 2 the files cannot be read.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Node = dict[str, Any]

ZERO = "0" * 64
SLACK = timedelta(minutes=1)
"""How long a checkpoint may be on its way to the copies."""


def canonical(value: Any) -> bytes:
    """JSON with sorted keys, no spaces, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def sha256(value: Any) -> str:
    """The hash of a value's canonical bytes."""
    return hashlib.sha256(canonical(value)).hexdigest()


def merkle_root(hashes: Sequence[str]) -> bytes:
    """RFC 9162, section 2.1.1, straight from its definition."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashlib.sha256(b"\x00" + bytes.fromhex(hashes[0])).digest()
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return hashlib.sha256(b"\x01" + merkle_root(hashes[:split]) + merkle_root(hashes[split:])).digest()


class Fault(Exception):
    """Something is wrong: a code, the first bad entry, the first bad checkpoint."""

    def __init__(self, code: str, entry: int | None = None, checkpoint: int | None = None) -> None:
        super().__init__(code)
        self.code, self.entry, self.checkpoint = code, entry, checkpoint

    def plain(self) -> Node:
        """For printing."""
        return {"code": self.code, "entry": self.entry, "checkpoint": self.checkpoint}


class Checkpoints:
    """The checkpoints of the export and of the copies: each row held against the one before, and both together."""

    def __init__(self, inside: Sequence[Node], copies: Sequence[Node], trusted: Iterable[str], now: datetime) -> None:
        self.faults: list[Fault] = []
        self.known: dict[int, Node] = {}
        for source in (copies, inside):  # a copy is the better witness
            self._take(source, frozenset(trusted))
        pruned = [c for c in self.known.values() if c["kind"] == "PRUNED"]
        self.pruned = max(pruned, key=lambda c: int(c["pruned_through"])) if pruned else None
        self.pruned_through = int(self.pruned["pruned_through"]) if self.pruned else 0
        self.restores = [self._restore(self.known[n]) for n in sorted(self.known) if is_restore(self.known[n])]
        standing = [c for c in self.known.values() if not self._is_lost(c)]
        self.sealed_through = max((int(c["last"]) for c in standing), default=0)
        covering = (c for c in standing if c["kind"] == "CHECKPOINT" and c["first"] > self.pruned_through)
        self.spans = {int(c["first"]): c for c in covering}
        self._check_presence(numbers_of(inside), numbers_of(copies) if copies else None, now)

    @property
    def keys(self) -> list[str]:
        """The public keys, in the order of their use."""
        return list(dict.fromkeys(self.known[n]["key"] for n in sorted(self.known)))

    def _restore(self, each: Node) -> Node:
        """What a restore did: after which entry the service went on, and how many sealed entries it lost."""
        earlier = [c for n, c in self.known.items() if n < each["number"]]
        heads = {c["head"] for c in earlier if c["last"] == each["last"]}
        if each["head"] not in (heads or {ZERO}) and (heads or not self.pruned):
            self.faults.append(Fault("CHECKPOINT_ORDER", each["first"], each["number"]))
        before = self.known.get(each["number"] - 1, each)
        return {
            "at": each["at"],
            "checkpoint": each["number"],
            "back_to": each["last"],
            "lost": before["last"] - each["last"],
        }

    def _is_lost(self, each: Node) -> bool:
        """Whether a restore went back behind it: what it covers is gone, and other entries have those numbers now."""
        return any(r["checkpoint"] > each["number"] and each["last"] > r["back_to"] for r in self.restores)

    def _take(self, source: Sequence[Node], trusted: frozenset[str]) -> None:
        """Check one source in its order; what comes after its first fault is not believed."""
        before, start = None, min(numbers_of(source), default=1)
        try:
            for each in source:
                check_checkpoint(each, before, start, trusted)
                check_same(each, self.known.get(each["number"], each))
                before = self.known[each["number"]] = each
        except Fault as fault:
            self.faults.append(fault)

    def _check_presence(self, inside: set[int], copied: set[int] | None, now: datetime) -> None:
        """Nothing is missing, but inside what expired, and in the copies what was signed a moment ago."""
        start = self.pruned_through
        needed = {n for n, c in self.known.items() if not self.pruned or c["last"] >= start}
        if not self.pruned and self.known:
            needed |= set(range(1, min(self.known)))
        self._miss("CHECKPOINT_MISSING", needed - inside)
        if copied is not None:
            late = {n for n in needed & set(self.known) if now - time_of(self.known[n]["at"]) > SLACK}
            self._miss("CHECKPOINT_NOT_IN_COPY", late - copied)

    def _miss(self, code: str, numbers: set[int]) -> None:
        if numbers:
            number = min(numbers)
            self.faults.append(Fault(code, self.known[number]["first"] if number in self.known else 1, number))


def numbers_of(checkpoints: Iterable[Node]) -> set[int]:
    """Which numbers are there, whether the rows are true or not."""
    return {c["number"] for c in checkpoints if isinstance(c.get("number"), int)}


def check_checkpoint(each: Node, before: Node | None, start: int, trusted: frozenset[str]) -> None:
    """Raise Fault unless this one follows the one before (or is the first, number `start`) and its signature holds."""
    number = each.get("number")
    expected, first = (before["number"] + 1, before["last"] + 1) if before else (start, each.get("first"))
    if number != expected:
        raise Fault("CHECKPOINT_MISSING", first, expected)
    if is_restore(each):  # it alone goes back, and covers nothing
        first = min(each["first"], first)
        if each["last"] != each["first"] - 1:
            raise Fault("CHECKPOINT_ORDER", first, number)
    if not signature_holds(each):
        raise Fault("CHECKPOINT_SIGNATURE", first, number)
    misplaced = number == 1 and (each["first"], each["previous"]) != (1, ZERO)
    if misplaced or (before and (each["previous"], each["first"]) != (checkpoint_hash(before), first)):
        raise Fault("CHECKPOINT_ORDER", first, number)
    if before:
        allowed = trusted | {before.get("next_key") or before["key"]}
    else:
        allowed = trusted if number == 1 and trusted else frozenset({each["key"]})
    if each["key"] not in allowed:
        raise Fault("CHECKPOINT_UNTRUSTED_KEY", first, number)


def is_restore(each: Node) -> bool:
    """Whether it says that a back-up was restored."""
    return each.get("kind") == "RESTORED"


def check_same(each: Node, copy: Node) -> None:
    """Raise Fault where two checkpoints of one number say different things, both signed."""
    if each != copy:
        raise Fault("CHECKPOINT_DIFFERS_FROM_COPY", each["first"], each["number"])


def signature_holds(each: Node) -> bool:
    """Whether the key that it names signed exactly this."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(each["key"]))
        key.verify(bytes.fromhex(each["signature"]), canonical(signed_part(each)))
    except (InvalidSignature, ValueError, KeyError, TypeError):
        return False
    return True


def signed_part(each: Node) -> Node:
    """Everything but the signature."""
    return {name: value for name, value in each.items() if name != "signature"}


def checkpoint_hash(each: Node) -> str:
    """What the next one names as `previous`."""
    return sha256(signed_part(each))


class Entries:
    """The entries in the order of their numbers, one after the other."""

    def __init__(self, service: str, checkpoints: Checkpoints) -> None:
        self.service, self._checkpoints = service, checkpoints
        self.last = checkpoints.pruned_through
        self._hash: str = checkpoints.pruned["pruned_head"] if checkpoints.pruned else ZERO
        self._heads: dict[str, tuple[int, str]] = {}
        self._span: Node | None = None
        self._covered: list[str] = []
        self.faults: list[Fault] = []
        self.seen = 0

    def take(self, entry: Node) -> None:
        """Check one; after the first fault the others have nothing to be held against."""
        if self.faults:
            return
        try:
            self._take(entry)
        except Fault as fault:
            self.faults.append(fault)
        except (KeyError, TypeError, AttributeError, ValueError):
            self.faults.append(Fault("ENTRY_UNREADABLE", self.last + 1))

    def end(self, end: Node) -> None:
        """Check that nothing is missing at the end; `end` is the head that the database names."""
        if self.faults:
            return
        if self.last < max(self._checkpoints.sealed_through, end["seq"]):
            self.faults.append(Fault("ENTRIES_MISSING", self.last + 1))
        elif (end["seq"], end["hash"]) != (self.last, self._hash):
            self.faults.append(Fault("HEAD_DIFFERS", self.last))

    def _take(self, entry: Node) -> None:
        place = entry["chain"]
        seq, expected = place["seq"], self.last + 1
        if seq <= self._checkpoints.pruned_through:
            return  # expired, and not deleted yet
        if seq != expected:
            raise Fault("ENTRIES_MISSING" if seq > expected else "ENTRY_TWICE", min(seq, expected))
        content = sha256({name: value for name, value in entry.items() if name != "chain"})
        links = place["links"]
        own = {"chain": "service|" + self.service, "seq": seq, "prev": self._hash, "content": content, "links": links}
        whole = {"seq": seq, "prev": self._hash, "hash": sha256(own), "links": links}
        if place != whole or [link["chain"] for link in links] != chains_of(entry):
            raise Fault("ENTRY_CHANGED", seq)
        for link in links:
            self._check_link(link, content, seq)
        self.last, self._hash, self.seen = seq, place["hash"], self.seen + 1
        self._cover(seq, place["hash"])

    def _check_link(self, link: Node, content: str, seq: int) -> None:
        start = (link["seq"], link["prev"]) if self._checkpoints.pruned else (1, ZERO)
        number, prev = self._heads.get(link["chain"], start)
        own = {"chain": link["chain"], "seq": number, "prev": prev, "content": content, "links": []}
        if link != {"chain": link["chain"], "seq": number, "prev": prev, "hash": sha256(own)}:
            raise Fault("ENTRY_CHANGED", seq)
        self._heads[link["chain"]] = (number + 1, link["hash"])

    def _cover(self, seq: int, hash_: str) -> None:
        """Hold the entries of a checkpoint against its root."""
        self._span = self._checkpoints.spans.get(seq, self._span)
        if self._span is None:
            return
        self._covered.append(hash_)
        if seq == self._span["last"]:
            if (merkle_root(self._covered).hex(), hash_) != (self._span["root"], self._span["head"]):
                raise Fault("HISTORY_REWRITTEN", self._span["first"], self._span["number"])
            self._span, self._covered = None, []


def chains_of(entry: Node) -> list[str]:
    """The chains that an entry must stand in beside its service's."""
    actor = entry.get("actor")
    return (["actor|" + actor["person"]] if actor else []) + list(dict.fromkeys(entry.get("chains") or ()))


def time_of(text: str) -> datetime:
    """A time as the files write it."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


class Verification:
    """One export, line by line: the header, the checkpoints, the entries, the end."""

    def __init__(self, header: Node, copies: Iterable[Node] = (), trusted: Iterable[str] = ()) -> None:
        self.service: str = header["service"]
        self._at, self._trusted = time_of(header["exported_at"]), tuple(trusted)
        self._copies = [c for c in copies if c.get("service") == self.service and not self._is_newer(c)]
        self._inside: list[Node] = []
        self._end: Node | None = None
        self._entries: Entries | None = None
        self._checkpoints: Checkpoints | None = None

    def take(self, line: Node) -> None:
        """The next line."""
        if "checkpoint" in line:
            self._inside.append(line["checkpoint"])
        elif "entry" in line:
            self._begun()[1].take(line["entry"])
        elif "end" in line:
            self._end = line["end"]
            self._begun()[1].end(self._end)

    def report(self) -> Node:
        """What there is to say, as one document."""
        checkpoints, entries = self._begun()
        faults = entries.faults + checkpoints.faults
        if self._end is None:
            faults.append(Fault("EXPORT_INCOMPLETE"))
        return {
            "service": self.service,
            "ok": not faults,
            "exported_at": self._at.isoformat(),
            "entries": entries.seen,
            "last": entries.last,
            "sealed_through": checkpoints.sealed_through,
            "expired_through": checkpoints.pruned_through,
            "unnumbered": self._end["unnumbered"] if self._end else None,
            "checkpoints": len(checkpoints.known),
            "copies": len(self._copies),
            "keys": checkpoints.keys,
            "restores": checkpoints.restores,
            "faults": [fault.plain() for fault in faults],
        }

    def _begun(self) -> tuple[Checkpoints, Entries]:
        if self._checkpoints is None or self._entries is None:
            self._checkpoints = Checkpoints(self._inside, self._copies, self._trusted, self._at)
            self._entries = Entries(self.service, self._checkpoints)
        return self._checkpoints, self._entries

    def _is_newer(self, copy: Node) -> bool:
        try:
            return time_of(copy["at"]) > self._at
        except (KeyError, ValueError, AttributeError):
            return False


def read_lines(path: Path) -> Iterator[Node]:
    """The JSON documents of a file, a line each."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def read_copies(paths: Iterable[Path]) -> list[Node]:
    """The checkpoints in files and folders, in the order in which they were appended."""
    files = [file for path in paths for file in (sorted(path.glob("*.jsonl")) if path.is_dir() else [path])]
    lines = [line for path in files for line in path.read_text("utf-8").splitlines()]
    return [node for node in map(read_copy, lines) if node]


def read_copy(line: str) -> Node | None:
    """One copied checkpoint; None for a line that a crash tore off, since it is written again after that."""
    try:
        node = json.loads(line)
    except ValueError:
        return None
    return node if isinstance(node, dict) else None


def verify_file(path: Path, copies: Iterable[Path] = (), trusted: Iterable[str] = ()) -> Node:
    """Verify one export; answers the report."""
    lines = read_lines(path)
    verification = Verification(next(lines), read_copies(copies), trusted)
    for line in lines:
        verification.take(line)
    return verification.report()


def told(report: Node) -> Iterator[str]:
    """The report for people."""
    yield f"{report['service']}: {report['entries']} entries up to {report['last']}, as of {report['exported_at']}"
    yield f"  sealed through {report['sealed_through']} by {report['checkpoints']} checkpoints"
    yield f"  {report['copies']} of them held against copies, keys: {', '.join(report['keys']) or 'none'}"
    if report["expired_through"]:
        yield f"  expired through {report['expired_through']}"
    for restore in report["restores"]:
        back_to, lost = restore["back_to"], restore["lost"]
        yield f"  RESTORED at {restore['at']}: went on after entry {back_to}, {lost} sealed entries after it were lost"
    for fault in report["faults"]:
        yield f"  BAD: {fault['code']}, first bad entry {fault['entry']}, checkpoint {fault['checkpoint']}"
    yield "  All is as it was written." if report["ok"] else "  Something was changed."


def main(arguments: list[str] | None = None) -> int:
    """Run; answers the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("export", type=Path)
    parser.add_argument("--checkpoints", action="append", default=[], type=Path, metavar="FILE_OR_FOLDER")
    parser.add_argument("--trust", action="append", default=[], metavar="PUBLIC_KEY")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    try:
        report = verify_file(given.export, given.checkpoints, given.trust)
    except (OSError, ValueError, KeyError, StopIteration) as error:
        sys.stderr.write(f"cannot be read: {type(error).__name__}\n")
        return 2
    sys.stdout.write(json.dumps(report) + "\n" if given.json else "".join(f"{line}\n" for line in told(report)))
    return 0 if report["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())

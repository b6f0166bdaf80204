"""`pulang audit`: verify it, hand it out, and answer who saw what."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.auditing import Question, ask_audit
from deploy.errors import Misuse
from deploy.printing import AsJson, Yes, ask_first, show_done, show_json, show_rows
from deploy.services import ServiceName, ServiceOption, asking, place_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from shared.mongo.audit_trail import AuditTrail, Period

app = typer.Typer(no_args_is_help=True, help="The audit: verify it, export it, ask who saw whom.")

Services = Annotated[list[ServiceName] | None, typer.Option("--service", help="Whose audit; by default all three.")]
By = Annotated[str, typer.Option("--by", help="The member who asks; needs the role DPO or AUDITOR.")]
Since = Annotated[datetime | None, typer.Option("--from", help="From then on (UTC unless it says otherwise).")]
Until = Annotated[datetime | None, typer.Option("--to", help="Before then.")]
Copies = Annotated[
    list[Path] | None, typer.Option("--checkpoints", exists=True, help="Files or folders with copied checkpoints.")
]
Trust = Annotated[list[str] | None, typer.Option("--trust", help="The public key that must have signed the first.")]


@app.command()
def verify(service: Services = None, checkpoints: Copies = None, trust: Trust = None, as_json: AsJson = False) -> None:
    """Check numbers, links, signatures and copies. Exit 1 where something was changed; the first bad entry is named."""
    from deploy.tools.verify_audit import told

    reports = [_verify(each, checkpoints or _copies(each), trust or []) for each in service or ServiceName]
    if as_json:
        show_json(reports)
    else:
        for report in reports:
            typer.echo("\n".join(told(report)))
    if not all(report["ok"] for report in reports):
        raise typer.Exit(1)


@app.command()
def export(
    to: Annotated[Path, typer.Argument(help="The file to write.")],
    service: ServiceOption,
    by: By,
    as_json: AsJson = False,
) -> None:
    """Write one service's audit for `deploy/tools/verify_audit.py`. References and codes only, but all of them."""
    from shared.security.audit.canonical import canonical

    async def write(trail: "AuditTrail", now: datetime) -> int:
        lines = 0
        with to.open("xb") as file:
            async for line in trail.export(now):
                file.write(canonical(line) + b"\n")
                lines += 1
        return lines

    try:
        lines = ask_audit(service, Question(by, "AUDIT_EXPORTED"), write)
    except OSError as error:
        raise Misuse(f"{to} cannot be written anew: {error.strerror}") from error
    show_done({"file": str(to), "lines": lines}, f"{lines} lines in {to}.", as_json=as_json)


@app.command("record-restore")
def record_restore(service: ServiceOption, by: By, yes: Yes = False, as_json: AsJson = False) -> None:
    """After a back-up was restored and before anything starts: a signed record of it, for everybody who verifies the
    audit. Needs the clock process's signing key and its folder of copies. Cases also skips the numbers that may have
    been given since the back-up."""
    from deploy.restoring import record

    ask_first("What the back-up does not have will be recorded as lost.", yes=yes)
    done = record(service, by)
    show_done(
        done,
        f"Went on after entry {done['back_to']}; {done['lost']} sealed entries after it were lost.",
        as_json=as_json,
    )


@app.command()
def who_saw(
    ref: str, by: By, since: Since = None, until: Until = None, service: Services = None, as_json: AsJson = False
) -> None:
    """Which members saw this case, person or thing, alone or in a list, or tried to."""
    period = _period(since, until)
    question = Question(by, "AUDIT_WHO_SAW", ref)
    _answer(question, lambda trail, _: trail.who_saw(ref, period), service, as_json=as_json)


@app.command()
def what_did(
    person: str, by: By, since: Since = None, until: Until = None, service: Services = None, as_json: AsJson = False
) -> None:
    """What this member of staff did, read or tried."""
    period = _period(since, until)
    question = Question(by, "AUDIT_WHAT_DID", person)
    _answer(question, lambda trail, _: trail.what_did(person, period), service, as_json=as_json)


@app.command()
def exposed(
    by: By,
    person: Annotated[list[str] | None, typer.Option("--person", help="Shown to this member; may be repeated.")] = None,
    ref: Annotated[list[str] | None, typer.Option("--ref", help="Of this case or person; may be repeated.")] = None,
    since: Since = None,
    until: Until = None,
    service: Services = None,
    as_json: AsJson = False,
) -> None:
    """What could have been seen in a breach: each thing, to whom it was shown, which classes of data, how often."""
    people, refs, period = person or [], ref or [], _period(since, until)
    if not people and not refs:
        raise typer.BadParameter("name members by --person or things by --ref")

    async def ask(trail: "AuditTrail", _: datetime) -> list[dict[str, Any]]:
        return [
            {name: row[name] for name in ("ref", "people", "classes", "times", "first", "last")}
            for row in await trail.exposed(people, refs, period)
        ]

    # The entry names one of what was asked for; its action says that there may be more.
    question = Question(by, "AUDIT_EXPOSED", (people or refs)[0])
    answers = {each: ask_audit(each, question, ask) for each in service or ServiceName}
    found = [{"service": str(each), **row} for each, rows in answers.items() for row in rows]
    show_rows(found, as_json=as_json, empty="Nothing, as far as the audit goes back.")


def _answer(
    question: Question,
    ask: "Callable[[AuditTrail, datetime], Awaitable[list[dict[str, Any]]]]",
    services: list[ServiceName] | None,
    *,
    as_json: bool,
) -> None:
    answers = {each: ask_audit(each, question, ask) for each in services or ServiceName}
    found = [{"service": str(each), **row} for each, rows in answers.items() for row in rows]
    found.sort(key=lambda row: row["at"])
    rows = found if as_json else [_line(row) for row in found]
    show_rows(rows, as_json=as_json, empty="Nobody, as far as the audit goes back.")


def _line(row: dict[str, Any]) -> dict[str, Any]:
    actor = row["actor"] or {}
    return {
        "at": f"{row['at']:%Y-%m-%d %H:%M:%S}",
        "service": row["service"],
        "entry": (row["chain"] or {}).get("seq"),
        "person": actor.get("person"),
        "agency": actor.get("agency"),
        "role": row.get("role"),
        "purpose": row.get("purpose"),
        "action": row["action"],
        "outcome": row["outcome"],
        "classes": " ".join(row.get("classes") or ()),
        "target": row["target_ref"],
        "shown": len(row.get("shown_refs") or ()),
    }


def _period(since: datetime | None, until: datetime | None) -> "Period":
    from shared.mongo.audit_trail import Period

    return Period(_aware(since), _aware(until))


def _aware(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at and at.tzinfo is None else at


def _copies(service: ServiceName) -> list[Path]:
    folder: Path | None = place_of(service).audit_folder
    return [folder] if folder and folder.exists() else []


def _verify(service: ServiceName, copies: list[Path], trusted: list[str]) -> dict[str, Any]:
    """Straight from the database; the copies are read first, so that none is newer than what is held against it."""
    from deploy.tools.verify_audit import Verification, read_copies
    from shared.mongo.audit_trail import AuditTrail
    from shared.service.runtime import domain_clock

    known, now = read_copies(copies), domain_clock(place_of(service))()

    async def check(mongo: Any) -> dict[str, Any]:
        verification: Verification | None = None
        async for line in AuditTrail(service, mongo).export(now):
            if verification is None:
                verification = Verification(line, known, trusted)
            else:
                verification.take(line)
        assert verification is not None  # noqa: S101 - an export begins with its header
        return verification.report()

    return asking(service, check)

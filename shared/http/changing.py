"""The way of a command: body, idempotency, precondition, handler, bus, answer."""

import inspect
import re
from collections.abc import Callable
from dataclasses import replace

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from shared.http.body import parse_body, read_raw
from shared.http.call import Call
from shared.http.etag import changed_fields, quoted, required_match
from shared.http.gate import with_target
from shared.http.ledger import Ledger
from shared.http.masking import keep_to, masked
from shared.http.problems import Problem, not_found
from shared.http.rendering import TAG_LANGUAGE, answer_with, render, tag_of
from shared.http.specs import Answer, RouteSpec, declared
from shared.kernel.aggregate import Aggregate
from shared.kernel.command import Command, Idempotency, Precondition, Receipt, Unavailable
from shared.kernel.errors import Kind, Reject
from shared.security.opaque import keyed_hash

MAX_TURNS = 5
_KEY = re.compile(r'"?([\x21\x23-\x7e]{1,200})"?')


async def change(spec: RouteSpec, call: Call, request: Request, ledger: Ledger) -> Response:
    """Do it, and answer with the new state."""
    raw = await read_raw(request) if spec.body else b""
    given = [_body(raw, spec.body, call)] if spec.body else []
    idempotency = idempotency_of(spec, call, request, raw)
    expected = required_match(request.headers.get("if-match")) if spec.if_match else None
    target = spec.on.kind.ref(call.target.id) if spec.on else None
    body = await declared(spec.handler)(call, *given)
    command = Command(body=body, cause=call.cause, idempotency=idempotency, target=target)
    receipt = await submit(spec, call, command, expected, ledger)
    return await answer(spec, call, receipt)


def _body(raw: bytes, model: type[BaseModel], call: Call) -> BaseModel:
    body = parse_body(raw, model)
    keep_to(body, call.decision.writes)
    return body


def idempotency_of(spec: RouteSpec, call: Call, request: Request, raw: bytes) -> Idempotency | None:
    """Which repetition counts as the same; 400 where a POST comes without a key.

    The fingerprint is a keyed hash of the path and the body's bytes, so that nobody can test guesses at the content.
    """
    header = request.headers.get("idempotency-key")
    if header is None:
        if spec.method == "POST":
            raise Problem(400, "IDEMPOTENCY_KEY_MISSING")
        return None
    found = _KEY.fullmatch(header.strip())
    if found is None:
        raise Problem(400, "IDEMPOTENCY_KEY_INVALID")
    place = repr(sorted(call.path.items())).encode()
    fingerprint = keyed_hash(call.backing.fingerprint_key, spec.method.encode(), spec.path.encode(), place, raw)
    scope = keyed_hash(call.backing.fingerprint_key, b"scope", found[1].encode()).hex()[:32]
    return Idempotency(f"{call.actor.person}|{spec.method} {spec.path}|{scope}", fingerprint)


async def submit(spec: RouteSpec, call: Call, command: Command, expected: str | None, ledger: Ledger) -> Receipt:
    """Hand the command in. Where the caller named a version, a change that the caller cannot see does not count
    against them: the command is handed in again on what stands now."""
    if expected is None or spec.on is None:
        return await _hand_in(call, command, ledger)
    for _ in range(MAX_TURNS):
        matches = await _condition(spec, call, expected)
        condition = Precondition(spec.on.kind.ref(call.target.id), matches)
        try:
            return await _hand_in(call, replace(command, precondition=condition), ledger)
        except Reject as no:
            if no.kind is not Kind.STALE:
                raise
        call = await with_target(spec, call)
        await _refuse_visible_change(spec, call, expected)
    raise Unavailable("TOO_BUSY")


async def _hand_in(call: Call, command: Command, ledger: Ledger) -> Receipt:
    """The bus writes the audit row of what it decides, success or refusal, in the same transaction."""
    try:
        receipt = await call.backing.bus.submit(command)
    except Reject:
        ledger.written_by_the_bus()
        raise
    ledger.written_by_the_bus()
    return receipt


async def _condition(spec: RouteSpec, call: Call, expected: str) -> Callable[[Aggregate], bool]:
    """Whether an aggregate still looks to the caller as it did.

    A plain view is asked again in the command's own turn. One that awaits cannot be; then the version found now
    stands for what it shows. A mismatch is not answered here: a repeated request must first be known as such.
    """
    view = declared(spec.answer)
    if not inspect.iscoroutinefunction(view):
        return lambda aggregate: _tag_now(view, aggregate, call) == expected
    rendered = await render(view, call.target, call)
    version = call.target.version
    return lambda aggregate: rendered.tag == expected and aggregate.version == version


def _tag_now(view: Answer, aggregate: Aggregate, call: Call) -> str:
    """In the command's own turn, under the policies as they decide on the aggregate as it then stands."""
    reading = call.in_language(TAG_LANGUAGE).about(call.decided(aggregate))
    return tag_of(aggregate, masked(view(aggregate, reading), reading.decision.shows), call)


async def _refuse_visible_change(spec: RouteSpec, call: Call, expected: str) -> None:
    rendered = await render(declared(spec.answer), call.target, call)
    if rendered.tag != expected:
        changed = changed_fields(expected, rendered.tag, rendered.fields)
        raise Problem(
            412,
            "VERSION_CONFLICT",
            headers={"ETag": quoted(rendered.tag)},
            extra={"etag": quoted(rendered.tag), "changed": changed},
        )


async def answer(spec: RouteSpec, call: Call, receipt: Receipt) -> Response:
    """The state that the command left, or for a repeated request the state of now, under today's policy."""
    aggregate = await _visible(call, receipt.aggregate) if receipt.replayed else receipt.aggregate
    rendered = await render(declared(spec.answer), aggregate, call.about(call.decided(aggregate)))
    seal = call.backing.positions_seal.seal
    return answer_with(
        rendered.content,
        call,
        status=spec.status,
        tag=rendered.tag,
        Location=spec.location.format(**{**call.path, "id": aggregate.id}) if spec.location else None,
        Idempotency_Replayed="true" if receipt.replayed else None,
        X_Position=seal(receipt.position) if receipt.position else None,
    )


async def _visible(call: Call, aggregate: Aggregate) -> Aggregate:
    """What was answered once may be hidden by now."""
    if not call.backing.policies.covers(call.permission, type(aggregate)):
        return aggregate  # the permission is about the target, which was found under it
    now = await call.find_one(type(aggregate), aggregate.id)
    if now is None:
        raise not_found()
    return now

"""From a request to an authorised call: who, may they, and on what. Hidden and absent part nowhere on this way."""

from collections.abc import Iterable
from dataclasses import replace

from starlette.requests import Request

from shared.http.call import Call
from shared.http.context import REFUSED_KEY, RequestContext
from shared.http.ledger import Ledger
from shared.http.masking import classes_of
from shared.http.ports import Backing, SignedIn, SystemSignedIn
from shared.http.problems import Problem, bad_parameter, not_found
from shared.http.specs import WRITING, RouteSpec, Style
from shared.kernel.context import Actor, Cause, Grounds
from shared.reference.regions import PROVINCE
from shared.reference.roles import PARTNER_SYSTEM, PURPOSES
from shared.security.opaque import NotOurs
from shared.security.policy.asking import CASEWORK, Asking
from shared.security.policy.classes import in_order
from shared.security.policy.engine import Decision
from shared.security.tokens import TokenRefused

WAIT_FOR_S = 5.0
SINGLE = ("content-type", "content-encoding", "idempotency-key", "if-match")
_BEARER = "bearer "


async def admit(spec: RouteSpec, backing: Backing, request: Request, context: RequestContext, ledger: Ledger) -> Call:
    """The call, its target found; raises a Problem (401, 403, 404, 422, 429, 503) otherwise."""
    actor = await _actor(spec, backing, request, ledger)
    ledger.actor = actor
    await backing.limiter.member(actor.person, actor.roles, spec.use)
    _refuse_repeated(request)
    await _fresh(spec, backing)
    asking = Asking(actor, backing.clock(), _purpose(spec, request))
    ledger.grounds = Grounds(decision="DENY", purpose=asking.purpose)
    if not backing.policies.allows(asking, spec.permission):
        raise not_found() if spec.is_item else Problem(403, "FORBIDDEN")
    call = _call(spec, backing, request, context, asking)
    await _wait_for(call)
    call = await with_target(spec, call)
    grounds = grounds_of(spec, asking, [call.decision])
    ledger.grounds = grounds
    ledger.concerns(call.target)
    return replace(call, cause=replace(call.cause, grounds=grounds))


async def with_target(spec: RouteSpec, call: Call) -> Call:
    """The call with its target as it stands now; one find, filtered by the policy, answers for both kinds of no."""
    if spec.on is None:
        return call.about(call.backing.policies.outlook(call.asking, spec.permission))
    target = await call.see(spec.on.kind, call.path[spec.on.name], spec.on.by)
    if target is None:
        raise not_found()
    return call.on(target)


def grounds_of(spec: RouteSpec, asking: Asking, decisions: Iterable[Decision]) -> Grounds:
    """What the audit keeps of a yes: by which roles and policies, and which classes the answer shows."""
    decisions = list(decisions)
    # Whoever finds somebody by a name has learnt whose name it is.
    told = classes_of(spec.model) | (classes_of(spec.body) if spec.style is Style.SEARCH and spec.body else frozenset())
    return Grounds(
        role="+".join(sorted({role for each in decisions for role in each.roles})) or None,
        purpose=asking.purpose,
        policies=tuple(sorted({policy for each in decisions for policy in each.policies})),
        classes=in_order(told & frozenset().union(*(each.shows for each in decisions))),
    )


def _purpose(spec: RouteSpec, request: Request) -> str:
    """What the caller declares to need it for; casework where they need not declare it and don't."""
    declared = request.headers.getlist("x-purpose")
    if not declared and spec.needs_purpose:
        raise Problem(400, "PURPOSE_MISSING")
    if not declared:
        return CASEWORK
    if len(declared) > 1 or declared[0] not in PURPOSES:
        raise Problem(400, "PURPOSE_UNKNOWN")
    return declared[0]


async def _actor(spec: RouteSpec, backing: Backing, request: Request, ledger: Ledger) -> Actor:
    try:
        token = _bearer_token(request)
        if spec.for_systems:
            return await _system(await backing.verifier.verify_partner(token), backing, request, ledger)
        return await _person(await backing.verifier.verify(token), backing, request, ledger)
    except TokenRefused as error:
        request.scope[REFUSED_KEY] = error.code
        await backing.limiter.stranger(_address(request))
        challenge = 'Bearer error="invalid_token"' if error.code != "TOKEN_MISSING" else "Bearer"
        code = error.code if error.code in ("TOKEN_MISSING", "TOKEN_EXPIRED") else "TOKEN_INVALID"
        raise Problem(401, code, headers={"WWW-Authenticate": challenge}) from None


async def _person(signed_in: SignedIn, backing: Backing, request: Request, ledger: Ledger) -> Actor:
    actor = await backing.directory.actor(signed_in.person, backing.clock())
    if actor is None:
        if await backing.directory.remembers(signed_in.person):
            # Who has left and tries again is somebody to know of. What a token calls anybody else may be a name.
            ledger.actor = Actor(person=signed_in.person, agency="", roles=frozenset())
        await backing.limiter.stranger(_address(request))
        raise Problem(403, "STAFF_UNKNOWN")
    return actor


async def _system(signed_in: SystemSignedIn, backing: Backing, request: Request, ledger: Ledger) -> Actor:
    """A partner's system acts for its agency's office of this province, and is shut out with it."""
    office = f"{signed_in.partner}-{PROVINCE}"
    actor = Actor(person=signed_in.client, agency=office, roles=frozenset({PARTNER_SYSTEM}))
    if await backing.directory.is_shut_out(office):
        ledger.actor = actor
        await backing.limiter.stranger(_address(request))
        raise Problem(403, "PARTNER_SHUT_OUT")
    return actor


def _refuse_repeated(request: Request) -> None:
    """Of two headers where one is meant, a proxy and we could each read another."""
    if any(len(request.headers.getlist(name)) > 1 for name in SINGLE):
        raise Problem(400, "REPEATED_HEADER")


def _address(request: Request) -> str:
    """Whose limit a stranger's request counts on; an IPv6 network of 64 bits is one customer."""
    host = request.client.host if request.client else "unknown"
    return ":".join(host.split(":")[:4]) if ":" in host else host


async def _fresh(spec: RouteSpec, backing: Backing) -> None:
    """No read while the directory is old: whoever was shut out a moment ago would go on reading.

    A command goes on, since refusing it would lose what only the officer at the gate knows now; what it answers is
    what that officer has just said.
    """
    if backing.fresh is not None and spec.style not in WRITING:
        await backing.fresh()


def _bearer_token(request: Request) -> str:
    headers = request.headers.getlist("authorization")
    if len(headers) != 1 or not headers[0].lower().startswith(_BEARER):
        raise TokenRefused("TOKEN_MISSING")
    return headers[0][len(_BEARER) :].strip()


def _call(spec: RouteSpec, backing: Backing, request: Request, context: RequestContext, asking: Asking) -> Call:
    return Call(
        asking=asking,
        context=context,
        permission=spec.permission,
        cause=Cause(
            action=spec.audit,
            id=context.request_id,
            correlation_id=context.correlation_id,
            traceparent=str(context.trace),
            actor=asking.actor,
        ),
        path=dict(request.path_params),
        query=_query(spec, request),
        lang=context.lang,
        backing=backing,
    )


def _query(spec: RouteSpec, request: Request) -> dict[str, str]:
    """The query's parameters. A misspelt filter would silently widen the answer, so unknown names are refused."""
    pairs = request.query_params.multi_items()
    if any(name not in spec.query_names for name, _ in pairs):
        raise Problem(422, "UNKNOWN_PARAMETER")
    query = dict(pairs)
    if len(query) != len(pairs):
        raise Problem(422, "REPEATED_PARAMETER")
    if query.get("lang", "id") not in ("id", "en"):
        raise bad_parameter("lang", "NOT_IN_LIST")
    return query


async def _wait_for(call: Call) -> None:
    """`?wait_for=`: no read from data older than the caller's own write."""
    token = call.query.get("wait_for")
    if token is None or call.backing.positions is None:
        return
    try:
        position = call.backing.positions_seal.open(token)
    except NotOurs:
        raise bad_parameter("wait_for", "NOT_A_POSITION") from None
    if not await call.backing.positions.wait(position, WAIT_FOR_S):
        raise Problem(503, "POSITION_NOT_REACHED", headers={"Retry-After": "2"})

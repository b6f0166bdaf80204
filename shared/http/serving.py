"""One request from end to end, and the one place that decides what a failure leaves in the audit."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from starlette.requests import Request
from starlette.responses import Response

from shared.http.call import Call
from shared.http.changing import change
from shared.http.context import context_of
from shared.http.gate import admit
from shared.http.inbox import receive
from shared.http.ledger import Ledger
from shared.http.ports import Backing
from shared.http.problems import Problem, from_reject, respond
from shared.http.reading import answer_query, search, show, show_list
from shared.http.specs import RouteSpec, Style
from shared.kernel.command import Unavailable
from shared.kernel.errors import Reject

Way = Callable[[RouteSpec, Call, Request, Ledger], Awaitable[Response]]

WAYS: Mapping[Style, Way] = MappingProxyType(
    {
        Style.COMMAND: change,
        Style.READ: show,
        Style.LIST: show_list,
        Style.QUERY: answer_query,
        Style.SEARCH: search,
        Style.INBOX: receive,
    }
)


def endpoint_of(spec: RouteSpec, backing: Backing) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint that serves a declared route."""

    async def endpoint(request: Request) -> Response:
        return await serve(spec, backing, request)

    return endpoint


async def serve(spec: RouteSpec, backing: Backing, request: Request) -> Response:
    """Admit the call, go its way, and turn a refusal into a problem. INVARIANT 10: one audit row before any answer.

    Unavailable and bugs go on to the middleware; where the database is gone, no row can be written and nothing is
    answered but 503.
    """
    context = context_of(request.scope)
    ref = request.path_params.get(spec.on.name) if spec.on else None
    ledger = Ledger(backing.audit, backing.clock, spec, context, ref)
    try:
        call = await admit(spec, backing, request, context, ledger)
        return await WAYS[spec.style](spec, call, request, ledger)
    except Problem as problem:
        refusal = problem
    except Reject as no:
        refusal = from_reject(no)
    except Unavailable:
        raise
    except Exception as bug:
        if backing.unavailable(bug) is None:
            await ledger.write("FAILED")
        raise
    if refusal.audited:
        await ledger.write(refusal.code)
    return respond(refusal, context, backing.titles)

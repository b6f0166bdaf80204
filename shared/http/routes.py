"""A service's routes, each declared with its permission and its audit action.

    routes = Routes()

    @routes.command("POST", "/v1/cases/{case}/referrals", permission="referral.send", audit="REFERRAL_SENT",
                    on=Target("case", Case), body=SendReferralBody, answer=referral_view, location="/v1/referrals/{id}")
    async def send_referral(call: Call, body: SendReferralBody) -> commands.SendReferral:
        return commands.SendReferral(case=call.path["case"], purpose=body.purpose)

    routes.read("/v1/cases/{case}", permission="case.read", audit="CASE_READ", on=Target("case", Case),
                answer=case_view)
    routes.list("/v1/cases", permission="case.list", audit="CASES_LISTED", kind=Case, answer=case_item,
                filters=("state",))

`answer(aggregate, call) -> Model` renders; it may be async. What it shows must follow from the aggregate, the call
and the stored state alone, since the ETag is made of it. With `if_match=True` the route's answer must show its
target, as the read route of the same thing does.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel

from shared.http.call import Call
from shared.http.specs import (
    Answer,
    Handler,
    Misdeclared,
    RouteSpec,
    Style,
    Target,
    describe,
    filters_of,
    model_of,
)
from shared.kernel.aggregate import Aggregate

__all__ = ["Call", "Misdeclared", "RouteSpec", "Routes", "Style", "Target"]

H = TypeVar("H", bound=Handler)
V = TypeVar("V", bound=Answer)


class Routes:
    """Collects declarations; `specs` can be inspected by tests and documents."""

    def __init__(self) -> None:
        self.specs: list[RouteSpec] = []

    def command(
        self,
        method: str,
        path: str,
        *,
        permission: str,
        audit: str,
        answer: Answer,
        on: Target | None = None,
        body: type[BaseModel] | None = None,
        location: str | None = None,
        if_match: bool = False,
    ) -> Callable[[H], H]:
        """Register `async def handler(call[, body])`, which answers the command for the bus."""

        def decorate(handler: H) -> H:
            summary, description = describe(handler, audit)
            self._add(
                RouteSpec(
                    style=Style.COMMAND,
                    method=method,
                    path=path,
                    permission=permission,
                    audit=audit,
                    model=model_of(answer),
                    on=on,
                    answer=answer,
                    handler=handler,
                    body=body,
                    location=location,
                    if_match=if_match,
                    summary=summary,
                    description=description,
                )
            )
            return handler

        return decorate

    def read(
        self, path: str, *, permission: str, audit: str, on: Target, answer: Answer | None = None
    ) -> Callable[[V], V]:
        """Show one aggregate. Without `answer` it decorates the view."""

        def register(view: V) -> V:
            summary, description = describe(view, audit)
            self._add(
                RouteSpec(
                    style=Style.READ,
                    method="GET",
                    path=path,
                    permission=permission,
                    audit=audit,
                    model=model_of(view),
                    on=on,
                    answer=view,
                    summary=summary,
                    description=description,
                )
            )
            return view

        return _now_or_later(register, answer)

    def list(
        self,
        path: str,
        *,
        permission: str,
        audit: str,
        kind: type[Aggregate],
        answer: Answer | None = None,
        filters: tuple[str, ...] = (),
        on: Target | None = None,
        where: Callable[[Call], Mapping[str, Any]] | None = None,
    ) -> Callable[[V], V]:
        """List aggregates, newest first; `where(call)` narrows it further, to the target's own for example."""

        def register(view: V) -> V:
            summary, description = describe(view, audit)
            self._add(
                RouteSpec(
                    style=Style.LIST,
                    method="GET",
                    path=path,
                    permission=permission,
                    audit=audit,
                    model=model_of(view),
                    on=on,
                    answer=view,
                    kind=kind,
                    filters=filters_of(kind, filters),
                    where=where,
                    summary=summary,
                    description=description,
                )
            )
            return view

        return _now_or_later(register, answer)

    def query(
        self,
        method: str,
        path: str,
        *,
        permission: str,
        audit: str,
        on: Target | None = None,
        body: type[BaseModel] | None = None,
        parameters: tuple[str, ...] = (),
    ) -> Callable[[H], H]:
        """Register `async def handler(call[, body]) -> Model` for a read that is not one aggregate: a look-up whose
        terms may not stand in a URL (POST with a body), or a sum over several."""

        def decorate(handler: H) -> H:
            summary, description = describe(handler, audit)
            self._add(
                RouteSpec(
                    style=Style.QUERY,
                    method=method,
                    path=path,
                    permission=permission,
                    audit=audit,
                    model=model_of(handler),
                    on=on,
                    handler=handler,
                    body=body,
                    parameters=parameters,
                    summary=summary,
                    description=description,
                )
            )
            return handler

        return decorate

    def _add(self, spec: RouteSpec) -> None:
        if any((known.method, known.path) == (spec.method, spec.path) for known in self.specs):
            raise Misdeclared(f"{spec.method} {spec.path} is declared twice")
        self.specs.append(spec)


def _now_or_later(register: Callable[[V], V], answer: Answer | None) -> Callable[[V], V]:
    """Declared with its view, a route is registered at once; what it decorates, if anything, stays as it is."""
    if answer is None:
        return register
    register(answer)  # type: ignore[arg-type]
    return lambda decorated: decorated

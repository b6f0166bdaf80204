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
from shared.http.inbox import receipts_view, receive
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
            parts = {"answer": answer, "body": body, "location": location, "if_match": if_match}
            self._add(Style.COMMAND, method, path, permission, audit, handler, answer, on=on, handler=handler, **parts)
            return handler

        return decorate

    def read(
        self, path: str, *, permission: str, audit: str, on: Target, answer: Answer | None = None
    ) -> Callable[[V], V]:
        """Show one aggregate. Without `answer` it decorates the view."""

        def register(view: V) -> V:
            self._add(Style.READ, "GET", path, permission, audit, view, view, on=on, answer=view)
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
            parts = {"kind": kind, "filters": filters_of(kind, filters), "where": where}
            self._add(Style.LIST, "GET", path, permission, audit, view, view, on=on, answer=view, **parts)
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
            parts = {"handler": handler, "body": body, "parameters": parameters}
            self._add(Style.QUERY, method, path, permission, audit, handler, handler, on=on, **parts)
            return handler

        return decorate

    def search(
        self, path: str, *, permission: str, audit: str, kind: type[Aggregate], body: type[BaseModel], answer: Answer
    ) -> Callable[[H], H]:
        """Register `async def handler(call, body) -> Found` that looks for aggregates by terms which may not stand in
        a URL. The caller has to name a purpose; the audit names whom the answer shows, and none of the terms."""

        def decorate(handler: H) -> H:
            parts = {"kind": kind, "handler": handler, "body": body, "answer": answer}
            self._add(Style.SEARCH, "POST", path, permission, audit, handler, answer, **parts)
            return handler

        return decorate

    def inbox(self, path: str, *, permission: str, audit: str, kind: type[Aggregate]) -> None:
        """Take events in from partners' systems, each on its own agency's topic, for what may be of this kind."""
        self._add(Style.INBOX, "POST", path, permission, audit, receive, receipts_view, kind=kind)

    def _add(
        self,
        style: Style,
        method: str,
        path: str,
        permission: str,
        audit: str,
        described: Callable[..., Any],
        shown: Callable[..., Any],
        **parts: Any,
    ) -> None:
        """One more spec, with the docstring of what is `described` and the model of what is `shown`."""
        if any((known.method, known.path) == (method, path) for known in self.specs):
            raise Misdeclared(f"{method} {path} is declared twice")
        summary, description = describe(described, audit)
        place = (style, method, path, permission, audit, model_of(shown))
        self.specs.append(RouteSpec(*place, summary=summary, description=description, **parts))


def _now_or_later(register: Callable[[V], V], answer: Answer | None) -> Callable[[V], V]:
    """Declared with its view, a route is registered at once; what it decorates, if anything, stays as it is."""
    if answer is None:
        return register
    register(answer)  # type: ignore[arg-type]
    return lambda decorated: decorated

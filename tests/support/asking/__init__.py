"""One request for each route of each service that does what the route is for, by somebody who may.

`ROWS` has a row for each audit action, which names its route; `tests/contract/test_every_route_is_asked.py` fails
where a route has none. A row makes what its request needs, and answers the request; whoever uses it sends it.
"""

from collections.abc import Mapping

from tests.support.asking import cases, intake, notify
from tests.support.asking.rows import Ask, Row

__all__ = ["ROWS", "Ask", "Row"]

ROWS: Mapping[str, Mapping[str, Row]] = {"intake": intake.rows, "cases": cases.rows, "notify": notify.rows}
"""Service → audit action → row."""

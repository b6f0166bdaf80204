"""Every route that a service declares has its request in the table, so that what holds for all is tried on all."""

import pytest

from tests.architecture.test_house import SERVICES, service_of
from tests.support.asking import ROWS


@pytest.mark.parametrize("name", SERVICES)
def test_every_route_has_a_row_and_every_row_a_route(name: str) -> None:
    declared = {spec.audit for routes in service_of(name).routes for spec in routes.specs}
    assert declared == set(ROWS[name]), f"add a row in tests/support/asking/{name}.py"

"""Time budgets refuse to be nested wrongly."""

import pytest

from shared.messaging.relay import CLOSING_S, RelaySettings
from shared.messaging.settings import Budgets


def test_the_defaults_nest_and_a_process_is_gone_before_it_is_killed() -> None:
    assert Budgets().stop_s < Budgets().grace_s


def test_a_relay_is_done_before_the_budget_of_its_process_is() -> None:
    relay, budgets = RelaySettings("name", (0,)), Budgets()
    assert relay.stop_s + 3 * CLOSING_S <= budgets.drain_s + budgets.leave_s


@pytest.mark.parametrize(
    "wrong",
    [
        {"handler_batch_s": 5.0},
        {"handler_batch_s": 0.0},
        {"transaction_s": 6.0},
        {"transaction_s": 5.5},
        {"drain_s": 61.0, "grace_s": 70.0},
        {"drain_s": 9.0},
        {"leave_s": 4.0},
        {"command_floor_s": 2.0},
        {"close_s": 1.5},
        {"rebalance_s": 301.0},
    ],
)
def test_wrong_nesting_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="do not nest"):
        Budgets(**wrong)


@pytest.mark.parametrize(
    ("life_s", "wrong"), [(5, "not above transaction_s, 5"), (6, ""), (10, ""), (60, "above grace_s, 10")]
)
def test_a_servers_transactions_live_longer_than_ours_and_no_longer_than_a_killed_process(
    life_s: float, wrong: str
) -> None:
    said = Budgets().around(life_s) or ""
    assert said.startswith(wrong)
    assert bool(said) == bool(wrong)

"""`python -m services.<name> api|worker|relay|clock|all`: light, since it is here before seconds of imports."""

import gc
import os
import signal
from collections.abc import Sequence
from typing import Any


def main(package: str, argv: Sequence[str]) -> None:
    """Run one role of the service in `package` until it is told to stop; never returns.

    A request to stop that comes before the role's tasks have begun ends the process at once, in order: what start-up
    does (collections, indexes, keys) may be left at any point and is done again. From then on the tasks answer it.
    """
    gc.disable()  # nothing that is imported is garbage; `spare_collector` lets it work again
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _nothing_has_begun)
    from shared.service.starting import start

    start(package, argv)


def _nothing_has_begun(*_: Any) -> None:
    os._exit(0)

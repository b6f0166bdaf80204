"""A process whose clock is wrong: libfaketime changes what the system tells it, and nobody else."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

LIBRARIES = "*/faketime/libfaketimeMT.so.1"
TRUE_SLEEP = Path(__file__).with_name("true_sleep")


def wrong_by(seconds: int) -> Mapping[str, str]:
    """The environment of a process whose clock is ahead by so many seconds (behind, if negative).

    Skips the test where the library is missing, but not in CI. Time that only counts on stays true: no drift of a
    clock shows there, and no event loop could live without it.
    """
    found = [str(path) for path in Path("/usr/lib").glob(LIBRARIES)]
    if not found:
        assert "CI" not in os.environ, "libfaketime is missing"
        pytest.skip("libfaketime is missing (Debian: apt install libfaketime)")
    return {
        "LD_PRELOAD": found[0],
        "FAKETIME": f"{seconds:+d}",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "PYTHONPATH": str(TRUE_SLEEP),
    }

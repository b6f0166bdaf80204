"""The story's people and mailboxes are for the story: in a real directory they would be keys under the mat."""

import re
from collections.abc import Mapping
from pathlib import Path

from deploy.errors import OperatorError

DEMO_FILES = Path(__file__).with_name("demo")
_REAL = re.compile(r"PULANG_(INTAKE|CASES|NOTIFY)_")


class Misplaced(OperatorError):
    """Demo data and real settings in one command."""

    exit_code = 2


def refuse_demo_file(file: Path, *, local: bool) -> None:
    """Raise Misplaced outside local mode for a file that is one of the story's, under whatever name."""
    content = file.read_bytes().strip()
    if not local and any(content == other.read_bytes().strip() for other in DEMO_FILES.glob("*.yaml")):
        raise Misplaced(f"{file}: demo data outside local mode")


def refuse_real_settings(environment: Mapping[str, str]) -> None:
    """Raise Misplaced where a service's settings are in the environment: the story would be played with them."""
    found = sorted(name for name in environment if _REAL.match(name))
    if found:
        raise Misplaced(f"the demo brings its own settings; unset {', '.join(found)}")

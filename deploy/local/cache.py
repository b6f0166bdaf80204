"""Downloads kept in the user's cache folder: made once, complete or absent, whoever asks at the same time."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def cache_home() -> Path:
    """The user's cache folder for this project ($XDG_CACHE_HOME, by the XDG base directory specification)."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "pulang"


def cached_folder(name: str, fill: Callable[[Path], None], home: Path) -> Path:
    """The folder `home/name`, made by `fill(empty folder)` the first time.

    It appears under its name only when `fill` has returned, so an interrupted download leaves nothing that
    looks complete. A second process waits for the first one's download instead of repeating it.
    """
    target = home / name
    if target.exists():
        return target
    home.mkdir(parents=True, exist_ok=True)
    with _exclusive(home / f".{name}.lock"):
        if not target.exists():
            _fill_and_rename(target, fill)
    return target


def _fill_and_rename(target: Path, fill: Callable[[Path], None]) -> None:
    temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        fill(temporary)
        temporary.chmod(0o755)
        temporary.rename(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    """Hold the file's lock; the kernel releases it when the process dies, so no stale lock can remain."""
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield

"""An undeclared exception is a bug, not a rejection: once may be one event's fault, on several keys it is ours."""

import time
import traceback
from collections import defaultdict, deque

WINDOW_S = 60.0
KEYS = 3


def signature(error: BaseException) -> str:
    """Type and place of an exception; never its message, which may hold what it stumbled over."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].name}:{frames[-1].lineno}" if frames else "?"
    return f"{type(error).__name__} in {place}"


class Bugs:
    """Remembers which keys met which bug lately."""

    def __init__(self, window_s: float = WINDOW_S, keys: int = KEYS) -> None:
        self._window_s = window_s
        self._keys = keys
        self._seen: dict[str, deque[tuple[float, str]]] = defaultdict(deque)

    def repeats(self, bug: str, key: str) -> bool:
        """Note one more; whether it has now met so many keys within the window that the world must not be parked."""
        now, seen = time.monotonic(), self._seen[bug]
        while seen and seen[0][0] < now - self._window_s:
            seen.popleft()
        seen.append((now, key))
        return len({k for _, k in seen}) >= self._keys

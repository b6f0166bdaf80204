"""The story's scenes, in their order."""

from collections.abc import Awaitable, Callable

from deploy.demo.scenes import (
    agencies,
    audit,
    case,
    deadline,
    history,
    interview,
    lost_phone,
    opening,
    returnee,
    sight,
    stop,
)
from deploy.demo.stage import Stage

Scene = Callable[[Stage], Awaitable[None]]

SCENES: tuple[Scene, ...] = (
    opening.play,
    stop.play,
    interview.play,
    case.play,
    agencies.play,
    history.play,
    sight.play,
    returnee.play,
    deadline.play,
    lost_phone.play,
    audit.play,
)

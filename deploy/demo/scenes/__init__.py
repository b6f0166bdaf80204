"""The story's scenes, in their order."""

from collections.abc import Awaitable, Callable

from deploy.demo.scenes import agencies, case, deadline, history, interview, opening, returnee, stop
from deploy.demo.stage import Stage

Scene = Callable[[Stage], Awaitable[None]]

SCENES: tuple[Scene, ...] = (
    opening.play,
    stop.play,
    interview.play,
    case.play,
    agencies.play,
    history.play,
    returnee.play,
    deadline.play,
)

"""A platform of the story's own: fresh servers, fresh data, every process apart, and nothing left behind."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event

from deploy.demo.play import prepare
from deploy.local.plan import Plan
from deploy.local.platform import Platform
from deploy.local.programs import choose_programs
from deploy.local.progress import Progress
from deploy.local.stack import Layout, Stack
from deploy.local.state import StackFolder, StackState
from deploy.local.supervise import StopRequested, raise_on_signals

PLATFORM = "platform"
"""The part of the data folder that is not the servers'."""
STOPPED = 130
"""What a shell says of a command that Ctrl-C ended."""


@contextmanager
def theatre(directory: Path) -> Iterator[Platform]:
    """Everything up on an empty data folder; stopped at the block's end, its logs and mails stay to be looked at.

    Ctrl-C and SIGTERM end it in order, with exit code 130 where the block was not done.
    Raises AlreadyRunningError if a story is played here now.
    """
    folder, progress = StackFolder(directory), Progress()
    raise_on_signals()
    try:
        with folder.held():
            _clear(folder.path)
            layout = Layout(folder.path)
            with Stack(layout, choose_programs(layout.nodes, progress), progress) as stack:
                folder.write(StackState.of(stack))
                plan = Plan(stack.mongo_uri, stack.kafka_bootstrap, folder.path / PLATFORM)
                prepare(plan)
                with Platform(plan, progress) as platform:
                    yield platform
    except StopRequested:
        raise SystemExit(STOPPED) from None
    finally:
        progress.say(f"Stopped. Logs and mails stay in {folder.path / PLATFORM}.")


def wait_for_the_end() -> None:
    """Until a signal, which is no failure here: whoever kept it running may end it."""
    with suppress(StopRequested):
        Event().wait()


def _clear(folder: Path) -> None:
    """Delete what an earlier story left, and nothing else that may be in a folder someone named."""
    for name in (Layout(folder).data.name, PLATFORM):
        shutil.rmtree(folder / name, ignore_errors=True)

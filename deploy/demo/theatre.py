"""A platform of the story's own: fresh servers, fresh data, every process apart, and nothing left behind."""

import shutil
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from threading import Event

from deploy.demo.cast import OFFICERS
from deploy.demo.play import LOADING, prepare
from deploy.local.keycloak import Keycloak, find_distribution
from deploy.local.native import native_is_possible
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
            with (
                _provider(folder.path / PLATFORM, progress) as provider,  # first: it starts beside all the others
                Stack(layout, choose_programs(layout.nodes, progress), progress) as stack,
            ):
                folder.write(StackState.of(stack))
                sign_in, server = (provider.sign_in, provider.server) if provider else (None, None)
                plan = Plan(
                    stack.mongo_uri,
                    stack.kafka_bootstrap,
                    folder.path / PLATFORM,
                    partners_bootstrap=stack.partners_bootstrap,
                    provider=sign_in,
                )
                prepare(plan)
                with Platform(plan, progress, server, LOADING) as platform:
                    yield platform
    except StopRequested:
        raise SystemExit(STOPPED) from None
    finally:
        progress.say(f"Stopped. Logs and mails stay in {folder.path / PLATFORM}.")


def _provider(folder: Path, progress: Progress) -> AbstractContextManager[Keycloak | None]:
    """A real identity provider; none where only containers can be had, and the platform has its development issuer."""
    if not native_is_possible():
        return nullcontext()
    return Keycloak(folder, OFFICERS, find_distribution(progress))


def wait_for_the_end(platform: Platform) -> None:
    """Until a signal, which is no failure here: whoever kept it running may end it. SIGUSR1 restarts the services."""
    restart = Event()
    signal.signal(signal.SIGUSR1, lambda *_: restart.set())
    with suppress(StopRequested):
        while restart.wait():
            restart.clear()
            platform.restart()


def _clear(folder: Path) -> None:
    """Delete what an earlier story left, and nothing else that may be in a folder someone named."""
    for name in (Layout(folder).data.name, PLATFORM):
        shutil.rmtree(folder / name, ignore_errors=True)

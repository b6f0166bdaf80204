"""Choosing where the servers come from."""

from deploy.local.containers import ContainerPrograms, Images, engine_answers
from deploy.local.errors import MissingToolError
from deploy.local.native import NativePrograms, native_is_possible
from deploy.local.program import Programs
from deploy.local.progress import Progress

INSTALL = (
    "Install a JDK 17 or newer and Maven (Debian: apt install openjdk-17-jdk-headless maven), or start a Docker engine."
)


def choose_programs(nodes: int, progress: Progress, containers: bool = False) -> Programs:
    """Plain processes where Java and Maven are here (unless `containers`), else containers.

    Raises `MissingToolError`, one line for the person at the terminal, when neither is possible.
    """
    if not containers and native_is_possible():
        return NativePrograms(nodes, progress)
    if engine_answers():
        return ContainerPrograms(Images.from_environment(), nodes)
    raise MissingToolError("No Docker engine answers." if containers else INSTALL)

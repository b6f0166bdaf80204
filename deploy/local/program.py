"""How one server is started, and the two places its program can come from."""

import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Program:
    """A command to run as a child process.

    `clean_up`, if given, ends for certain what the command started elsewhere (a container); it is run before
    a start and for a kill; `signal_with` is the command that, given a signal's name, sends it there.
    `on_parent_death` is what the kernel sends our child when we die.
    """

    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    on_parent_death: signal.Signals = signal.SIGTERM
    clean_up: Sequence[str] | None = None
    signal_with: Callable[[str], Sequence[str]] | None = None


class Programs(Protocol):
    """Gives the commands of one stack's servers; `source` says where they come from."""

    source: str

    def mongod(self, name: str, options: Sequence[str], data: Path) -> Program:
        """A mongod with these command line options, its files in `data`."""

    def broker(self, name: str, properties: Path, data: Path) -> Program:
        """A Kafka node with this server.properties, its files in `data`."""

    def format_storage(self, properties: Path, cluster_id: str, data: Path, accounts: Sequence[str]) -> Sequence[str]:
        """The command that prepares a node's empty data folder, once; `accounts` are options of Kafka's own tool."""

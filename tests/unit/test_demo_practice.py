"""What a story's platform gives to whoever goes on by hand: settings, tokens, a restart."""

import stat
import subprocess
from pathlib import Path

from deploy.demo.practice import write_settings
from deploy.local.plan import ISSUER, SERVICES, Plan, process_name
from deploy.local.platform import Platform
from deploy.local.process import Server
from deploy.local.program import Program
from deploy.local.progress import Progress
from deploy.local.spawner import Spawner
from shared.security.keyring import read_ring


def platform(folder: Path) -> Platform:
    """One that was not started."""
    return Platform(Plan("mongodb://a:b@x/?y=1&z='", "c:d@127.0.0.1:1", folder), Progress(quiet=True))


def bash(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)


def test_a_shell_gets_the_operators_settings_and_nobody_else_reads_them(tmp_path: Path) -> None:
    ours = platform(tmp_path)
    file = write_settings(ours, 1)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    said = dict(line.split("=", 1) for line in bash(f". {file}; env").stdout.splitlines() if "=" in line)
    assert ours.operators_settings().items() <= said.items()
    assert said["CASES"] == ours.plan.api("cases")
    assert not bash(f". {file}; declare -F token api etag restart >/dev/null").returncode
    stranger = bash(f". {file}; token O-99")
    assert (stranger.returncode, stranger.stderr) == (2, "nobody of the story: O-99\n")


def test_each_service_has_a_random_ring_of_its_own(tmp_path: Path) -> None:
    plan = platform(tmp_path).plan
    rings = [*(plan.ring(service, "master_key") for service in SERVICES), plan.ring("intake", "index_key")]
    assert {stat.S_IMODE(ring.stat().st_mode) for ring in rings} == {0o600}
    before = [ring.read_text() for ring in rings]
    assert len({secret for text in before for secret in read_ring(text).secrets.values()}) == len(rings)
    platform(tmp_path)
    assert [ring.read_text() for ring in rings] == before, "what is there is used"


def test_a_restart_replaces_every_process_of_the_services_and_no_other(tmp_path: Path) -> None:
    ours, spawner = platform(tmp_path), Spawner()
    for name in ours.processes:
        sleeper = Program(["sleep", "60"])
        ours.processes[name] = Server(name, "", sleeper, tmp_path / "log", lambda: True, spawner)
        ours.processes[name].start()
    before = {name: process.pid for name, process in ours.processes.items()}
    ours.restart()
    kept = {name for name, process in ours.processes.items() if process.pid == before[name]}
    assert kept == set(before) - {process_name(s, r) for s in SERVICES for r in ("api", "worker", "relay", "clock")}
    assert ISSUER in kept
    assert all(process.alive for process in ours.processes.values())
    ours.down()
    spawner.close()

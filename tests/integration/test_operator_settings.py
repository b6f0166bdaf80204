"""Who only looks needs no service's secrets; and a setting that is refused is one line, for operators and services."""

import subprocess
import sys
from pathlib import Path

import pytest

from deploy.cli import main
from deploy.services import ServiceName, place_of
from tests.support.addresses import Addresses

pytestmark = [pytest.mark.integration, pytest.mark.timeout(60)]

ROOT = Path(__file__).parents[2]
SECRET = "canary-of-a-setting"  # pragma: allowlist secret


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without any setting of ours."""
    import os

    for name in [name for name in os.environ if name.startswith("PULANG_")]:
        monkeypatch.delenv(name)
    return monkeypatch


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int | str | None, str, str]:
    """Exit code, and what was printed."""
    with pytest.raises(SystemExit) as end:
        main(words)
    printed = capsys.readouterr()
    return end.value.code, printed.out, printed.err


@pytest.mark.parametrize(
    "words", [("parked", "list"), ("quarantine", "list"), ("dead-letters", "list"), ("outbox", "status")]
)
@pytest.mark.parametrize("service", list(ServiceName))
def test_looking_takes_a_connection_alone(
    stack: Addresses,
    unique: str,
    bare: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, str],
    service: str,
) -> None:
    bare.setenv(f"PULANG_{service.upper()}_MONGO_URI", stack.mongo_uri)
    bare.setenv(f"PULANG_{service.upper()}_MONGO_DATABASE", unique)
    code, out, err = said(capsys, *words, "--service", service, "--json")
    assert (code, err) == (0, "")
    assert out.strip()


def test_what_is_looked_at_is_where_the_service_itself_looks(bare: pytest.MonkeyPatch) -> None:
    for service in ServiceName:
        place = place_of(service)
        assert (place.mongo_database, place.local) == (f"pulang_{service}", False)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PULANG_CASES_LOCAL", SECRET, ("parked", "list", "--service", "cases")),
        ("PULANG_CASES_MONGO_PASSWORD_FILE", f"/nowhere/{SECRET}", ("outbox", "status", "--service", "cases")),
        ("PULANG_CASES_CLOCK_OFFSET_FILE", SECRET, ("outbox", "status", "--service", "cases")),
        ("PULANG_OPERATOR_KAFKA_PASSWORD_FILE", f"/nowhere/{SECRET}", ("topics", "check")),
        ("PULANG_OPERATOR_MONGO_PASSWORD_FILE", f"/nowhere/{SECRET}", ("acl", "check")),
        ("PULANG_INTAKE_HTTP_PORT", SECRET, ("vault", "status", "--service", "intake")),
    ],
)
def test_a_refused_setting_is_one_line_that_names_it_and_shows_no_value(
    bare: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str, words: tuple[str, ...]
) -> None:
    bare.setenv(name, value)
    code, out, err = said(capsys, *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert SECRET not in err
    assert name in err or "time travel" in err


def test_a_service_that_lacks_its_secrets_says_so_in_one_line(bare: pytest.MonkeyPatch) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "services.cases", "worker"], cwd=ROOT, capture_output=True, text=True, timeout=50
    )
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "sample secret" in ended.stderr

"""Both identity providers, each as a process that listens."""

import sys
from collections.abc import Iterator
from functools import partial

import pytest

from deploy.local.http_probe import says_ok
from deploy.local.keycloak import Keycloak, find_distribution
from deploy.local.ports import LOOPBACK, free_ports
from deploy.local.process import Server
from deploy.local.program import Program
from deploy.local.progress import Progress
from deploy.local.sign_in import SignIn, development
from deploy.local.spawner import Spawner

PEOPLE = ("V-020", "O-21")


@pytest.fixture(scope="session")
def keycloak(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SignIn]:
    """A real Keycloak with the realm that is deployed, and people who can sign in."""
    folder = tmp_path_factory.mktemp("keycloak")
    with Keycloak(folder, PEOPLE, find_distribution(Progress(quiet=True))) as up:
        up.server.wait_until_ready()
        yield up.sign_in


@pytest.fixture(scope="session")
def development_issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SignIn]:
    """The development issuer as `pulang` starts it."""
    folder, port, spawner = tmp_path_factory.mktemp("issuer"), free_ports(1)[0], Spawner()
    found = development(f"http://{LOOPBACK}:{port}")
    command = [sys.executable, "-m", "deploy.local.issuer", "--data-dir", str(folder), "--port", str(port)]
    answers = partial(says_ok, found.jwks_url)
    server = Server("issuer", f"{LOOPBACK}:{port}", Program(command), folder / "log", answers, spawner)
    server.start()
    yield found
    server.stop()
    spawner.close()


@pytest.fixture(params=["development_issuer", "keycloak"])
def provider(request: pytest.FixtureRequest) -> SignIn:
    """One after the other: whatever holds for one holds for both."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, SignIn)
    return found

"""The development issuer: its tokens pass the real verifier, and it gives them on loopback."""

import json
import stat
from pathlib import Path

import httpx
import pytest

from deploy.local.issuer import KEY_FILE, Issuer, key_in, make_app
from shared.security.keyset import KeySource
from shared.security.tokens import TokenVerifier

URL = "http://127.0.0.1:8089"
FORM = {"grant_type": "password", "client_id": "pulang-web", "username": "V-020", "password": "x"}


@pytest.fixture
async def client(tmp_path: Path):
    """A client of an issuer with a fresh folder."""
    app = make_app(Issuer(URL, "pulang", key_in(tmp_path / "issuer")))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=URL) as asked:
        yield asked


async def test_its_tokens_are_accepted_by_the_real_verifier(client: httpx.AsyncClient) -> None:
    answer = (await client.post("/token", data=FORM)).json()
    assert answer["token_type"] == "Bearer"

    async def fetch() -> bytes:
        return (await client.get((await client.get("/.well-known/openid-configuration")).json()["jwks_uri"])).content

    found = await TokenVerifier(KeySource(fetch), URL, "pulang").verify(answer["access_token"])
    assert found.person == "V-020"


@pytest.mark.parametrize("name", ["", ["V-020", "V-021"], "V" * 201])
async def test_a_person_is_one_reference(client: httpx.AsyncClient, name: object) -> None:
    assert (await client.post("/token", data={**FORM, "username": name})).status_code == 400


async def test_the_private_key_stays(client: httpx.AsyncClient) -> None:
    (key,) = (await client.get("/jwks")).json()["keys"]
    assert "d" not in key


def test_the_key_outlives_a_restart_and_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    first, second = key_in(tmp_path), key_in(tmp_path)
    assert first.as_dict(private=True) == second.as_dict(private=True)
    file = tmp_path / KEY_FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text())["kid"]

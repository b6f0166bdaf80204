"""One contract for sign-in, held by the development issuer and by a real Keycloak: nothing but settings differs."""

import base64
import hashlib
import json
import re
import secrets
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from deploy.local import keycloak as local_keycloak
from deploy.local.progress import Progress
from deploy.local.sign_in import SignIn
from services.cases.app import service
from services.cases.settings import Settings
from shared.events.registry import registry
from shared.security.keyset import KeySource, fetch_from, read_keys
from shared.security.staff import Member
from shared.security.tokens import TokenRefused, TokenVerifier
from shared.service.definition import Role
from tests.support.addresses import Addresses
from tests.support.platform import local, serving

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

MANAGER = Member(
    id="O-21", agency="UPTD_PPA-53.71", roles=("CASE_MANAGER",), valid_from=datetime(2026, 1, 1, tzinfo=UTC)
)
FAR_AWAY = "http://127.0.0.1:9/back"


def verifier(provider: SignIn) -> TokenVerifier:
    """What every service has."""
    keys = KeySource(fetch_from(provider.jwks_url))
    return TokenVerifier(keys, provider.issuer, "pulang", partners=registry().partners())


def ask(provider: SignIn, form: dict[str, str]) -> httpx.Response:
    return httpx.post(provider.token_url, data=form, timeout=20)


def token(provider: SignIn, form: dict[str, str]) -> str:
    return str(ask(provider, form).raise_for_status().json()["access_token"])


def part(of: str, index: int) -> dict[str, Any]:
    """The header (0) or the claims (1) of a token."""
    raw = of.split(".")[index]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4)))
    return found


async def test_a_person_signs_in_as_the_reference_that_the_directory_knows(provider: SignIn) -> None:
    signed_in = await verifier(provider).verify(token(provider, provider.as_person("V-020")))
    assert signed_in.person == "V-020"
    assert 0 < signed_in.expires_at - signed_in.issued_at <= 900


@pytest.mark.parametrize(("client", "agency"), sorted(registry().partners().items()))
async def test_a_partners_system_signs_in_as_its_agency(provider: SignIn, client: str, agency: str) -> None:
    signed_in = await verifier(provider).verify_partner(token(provider, provider.as_partner(client)))
    assert (signed_in.partner, signed_in.client) == (agency, client)
    assert 0 < signed_in.expires_at - signed_in.issued_at <= 900


async def test_neither_can_act_as_the_other(provider: SignIn) -> None:
    person = token(provider, provider.as_person("V-020"))
    partner = token(provider, provider.as_partner("partner-lpsk"))
    with pytest.raises(TokenRefused, match="NOT_A_PARTNER"):
        await verifier(provider).verify_partner(person)
    with pytest.raises(TokenRefused, match="NOT_A_PERSON"):
        await verifier(provider).verify(partner)


def test_a_token_is_what_rfc_9068_asks_for_and_says_nothing_else_about_anybody(provider: SignIn) -> None:
    signed = token(provider, provider.as_person("V-020"))
    assert {"alg": "ES256", "typ": "at+jwt"}.items() <= part(signed, 0).items()
    claims = part(signed, 1)
    assert {"iss", "exp", "aud", "sub", "client_id", "iat", "jti"} <= claims.keys()
    assert not claims.keys() & {"name", "given_name", "family_name", "email", "preferred_username"}


def test_the_key_set_has_public_keys_that_we_trust(provider: SignIn) -> None:
    raw = httpx.get(provider.jwks_url).content
    assert read_keys(raw)
    assert all("d" not in key for key in json.loads(raw)["keys"])


@pytest.mark.parametrize(
    "form", [{}, {"grant_type": "password"}, {"grant_type": "client_credentials", "client_id": "partner-lpsk"}]
)
def test_half_a_form_gives_no_token(provider: SignIn, form: dict[str, str]) -> None:
    assert ask(provider, form).status_code in {400, 401}


async def test_a_service_needs_nothing_but_other_settings(provider: SignIn, stack: Addresses, unique: str) -> None:
    settings = local(Settings, stack, unique, provider.issuer, jwks_url=provider.jwks_url)
    person, stranger, partner = (
        {"Authorization": f"Bearer {token(provider, form)}"}
        for form in (provider.as_person("O-21"), provider.as_person("V-020"), provider.as_partner("partner-lpsk"))
    )
    async with serving(service(settings), settings, Role.API) as cases:
        await cases.employ(MANAGER)
        assert (await cases.http.get("/v1/cases", headers=person)).status_code == 200
        assert (await cases.http.get("/v1/cases", headers=stranger)).json()["code"] == "STAFF_UNKNOWN"
        refused = await cases.http.get("/v1/cases", headers=partner)
        assert (refused.status_code, refused.json()["code"]) == (401, "TOKEN_INVALID")


def test_a_wrong_password_gives_no_token(keycloak: SignIn) -> None:
    person = keycloak.as_person("V-020") | {"password": "x"}
    partner = keycloak.as_partner("partner-lpsk") | {"client_secret": keycloak.secrets["partner-police"]}
    assert [ask(keycloak, form).status_code for form in (person, partner)] == [400, 401]  # RFC 6749 §5.2


async def test_tokens_of_other_kinds_are_refused(keycloak: SignIn) -> None:
    """Keycloak signs identity tokens with the same key, and every realm has a client for its command line."""
    form = keycloak.as_person("V-020")
    told = ask(keycloak, {**form, "scope": "openid"}).json()
    console = ask(keycloak, {**form, "client_id": "admin-cli"}).json()
    for wrong in (told["id_token"], told["refresh_token"], console["access_token"]):
        with pytest.raises(TokenRefused):
            await verifier(keycloak).verify(wrong)


def test_the_realm_as_it_is_deployed_knows_no_password_and_no_secret_that_one_could_guess(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_keycloak, "local_realm", lambda deployed, _: dict(deployed))
    monkeypatch.setenv("PULANG_WEB_URL", "https://pulang.test")
    distribution = local_keycloak.find_distribution(Progress(quiet=True))
    with local_keycloak.Keycloak(tmp_path, ["V-020"], distribution) as deployed:
        deployed.server.wait_until_ready()
        known, partner = deployed.sign_in, deployed.sign_in.as_partner("partner-lpsk")
        assert ask(known, known.as_person("V-020")).json()["error"] == "unauthorized_client"
        for secret in ("", "partner-lpsk", "secret", "**********", partner["client_secret"]):
            assert ask(known, partner | {"client_secret": secret}).status_code == 401
        assert Browser(known).open().status_code == 400, "nobody is sent to an address that the setting does not name"


class Browser:
    """A person's browser on the way to a token: authorization code with PKCE (RFC 7636)."""

    def __init__(self, provider: SignIn) -> None:
        self.provider, self.secret = provider, secrets.token_urlsafe(48)
        self.http = httpx.Client(timeout=20)
        self.base = provider.token_url.removesuffix("/token")

    def open(self, **more: str) -> httpx.Response:
        """The sign-in page, or where it sends us instead."""
        asked = {"client_id": "pulang-web", "response_type": "code", "redirect_uri": FAR_AWAY, "scope": "openid"}
        return self.http.get(f"{self.base}/auth", params=asked | more)

    def challenge(self) -> dict[str, str]:
        digest = hashlib.sha256(self.secret.encode()).digest()
        encoded = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return {"code_challenge": encoded, "code_challenge_method": "S256"}

    def code(self, page: httpx.Response, person: str) -> str:
        """Fill the form in, and take the code out of the address that it leads to."""
        action = re.search(r'<form[^>]* action="([^"]+)"', page.text)
        assert action, page.text
        filled = {"username": person, "password": self.provider.secrets[person]}
        # Marked Secure: a browser sends them to a loopback address all the same, this client would not.
        cookies = "; ".join(line.split(";")[0] for line in page.headers.get_list("set-cookie"))
        sent_back = self.http.post(unescape(action.group(1)), data=filled, headers={"Cookie": cookies})
        assert sent_back.status_code == 302, sent_back.text
        return parse_qs(urlsplit(sent_back.headers["location"]).query)["code"][0]

    def exchange(self, code: str, **more: str) -> httpx.Response:
        form = {"grant_type": "authorization_code", "client_id": "pulang-web", "redirect_uri": FAR_AWAY, "code": code}
        return ask(self.provider, form | more)


async def test_a_person_signs_in_with_a_browser_in_their_own_language(keycloak: SignIn) -> None:
    browser = Browser(keycloak)
    page = browser.open(**browser.challenge())
    assert 'lang="id"' in page.text
    answer = browser.exchange(browser.code(page, "V-020"), code_verifier=browser.secret)
    assert (await verifier(keycloak).verify(answer.json()["access_token"])).person == "V-020"


def test_a_stolen_code_is_worth_nothing(keycloak: SignIn) -> None:
    browser = Browser(keycloak)
    assert browser.exchange(browser.code(browser.open(**browser.challenge()), "O-21")).status_code == 400
    without = browser.open()
    assert "error=invalid_request" in without.headers["location"]

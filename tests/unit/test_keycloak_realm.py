"""The realm as it is deployed: no people, no secrets, no way round the browser; and what a local one adds."""

import json
from typing import Any

import pytest

from deploy.local.keycloak import QUICK_HASHES, REALM_FILE, local_realm
from shared.events.registry import registry
from shared.security.tokens import WEB_CLIENT

REALM: dict[str, Any] = json.loads(REALM_FILE.read_text())
CLIENTS = {client["clientId"]: client for client in REALM["clients"]}
PASSWORDS = {"V-020": "pw-of-a-person", **{client: f"pw-of-{client}" for client in CLIENTS if client != WEB_CLIENT}}


def test_the_deployed_realm_has_no_people_and_no_secrets() -> None:
    assert "users" not in REALM
    assert not [client for client in CLIENTS.values() if "secret" in client]


def test_people_use_a_browser_and_machines_a_secret() -> None:
    assert set(CLIENTS) == {WEB_CLIENT, *registry().partners()}
    for name, client in CLIENTS.items():
        person = name == WEB_CLIENT
        ways = ("publicClient", "standardFlowEnabled", "serviceAccountsEnabled", "directAccessGrantsEnabled")
        assert [client[way] for way in ways] == [person, person, not person, False], name
        assert client["implicitFlowEnabled"] is client["fullScopeAllowed"] is False, name
    assert CLIENTS[WEB_CLIENT]["attributes"]["pkce.code.challenge.method"] == "S256"


@pytest.mark.parametrize("name", sorted(CLIENTS))
def test_each_client_names_itself_in_a_typed_token(name: str) -> None:
    told = {mapper["name"]: mapper["config"].get("claim.value") for mapper in CLIENTS[name]["protocolMappers"]}
    assert told["client_id"] == name
    assert CLIENTS[name]["attributes"]["access.token.header.type.rfc9068"] == "true"
    assert ("person" in told) == (name == WEB_CLIENT)


def test_people_need_a_second_factor_and_tokens_live_for_minutes() -> None:
    assert {action["alias"]: action["defaultAction"] for action in REALM["requiredActions"]}["CONFIGURE_TOTP"]
    assert REALM["accessTokenLifespan"] <= 300
    assert REALM["bruteForceProtected"] is True


def test_a_local_realm_adds_people_and_secrets_and_changes_nothing_else() -> None:
    local = local_realm(REALM, PASSWORDS)
    assert [user["attributes"]["person"] for user in local.pop("users")] == [["V-020"]]
    for client in local["clients"]:
        added = {"directAccessGrantsEnabled", "redirectUris"} if client["clientId"] == WEB_CLIENT else {"secret"}
        deployed = CLIENTS[client["clientId"]]
        assert {name for name in client if client[name] != deployed.get(name)} == added
    assert local.pop("passwordPolicy") == f"{REALM['passwordPolicy']} and {QUICK_HASHES}"
    assert local | {"clients": None, "passwordPolicy": None} == REALM | {"clients": None, "passwordPolicy": None}

"""A sign-in service for development: any password is right, and any client's secret. It listens on loopback only.

python -m deploy.local.issuer --data-dir DIR --port PORT [--audience pulang]
curl -d grant_type=password -d client_id=pulang-web -d username=V-020 -d password=x http://127.0.0.1:PORT/token

It answers the same forms as the real identity provider does, with tokens of the same claims: nothing but settings
differs, and both pass one suite of tests.
"""

import argparse
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import uvicorn
from joserfc import jwt
from joserfc.jwk import ECKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared.kernel.ids import new_id
from shared.security.tokens import PERSON_CLAIM, WEB_CLIENT

HOST = "127.0.0.1"
ALGORITHM = "ES256"
LIFETIME_S = 900
KEY_FILE = "issuer-key.json"
MAX_FORM_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Issuer:
    """An issuer's name, its audience and its private key."""

    url: str
    audience: str
    key: ECKey

    def mint(self, person: str, *, now_s: float | None = None, lifetime_s: int = LIFETIME_S, **claims: Any) -> str:
        """An access token (RFC 9068) for a person; `claims` replace or add to the usual ones."""
        usual = {"sub": person, PERSON_CLAIM: person, "client_id": WEB_CLIENT}
        return self._sign(usual | claims, int(time.time() if now_s is None else now_s), lifetime_s)

    def mint_partner(self, client: str, **claims: Any) -> str:
        """An access token for a partner's own system, by its client id."""
        return self._sign({"sub": client, "client_id": client, **claims}, int(time.time()), LIFETIME_S)

    def _sign(self, claims: Mapping[str, Any], issued_at: int, lifetime_s: int) -> str:
        usual = {
            "iss": self.url,
            "aud": self.audience,
            "iat": issued_at,
            "exp": issued_at + lifetime_s,
            "jti": new_id(),
        }
        header = {"alg": ALGORITHM, "typ": "at+jwt", "kid": self.key.kid}
        return jwt.encode(header, {**usual, **claims}, self.key, algorithms=[ALGORITHM])

    def key_set(self) -> dict[str, Any]:
        """The public key as a JWK Set."""
        return {"keys": [self.key.as_dict(private=False, use="sig", alg=ALGORITHM)]}

    def discovery(self) -> dict[str, Any]:
        """The OpenID Connect discovery document, as far as it goes here."""
        return {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/jwks",
            "token_endpoint": f"{self.url}/token",
            "grant_types_supported": ["password", "client_credentials"],
            "id_token_signing_alg_values_supported": [ALGORITHM],
        }


def new_key() -> ECKey:
    """A fresh P-256 key with its thumbprint as `kid`."""
    key = ECKey.generate_key("P-256", auto_kid=True)
    key.ensure_kid()
    return key


def key_in(data_dir: Path) -> ECKey:
    """The key of this data folder, made at the first start; readable by its owner only."""
    file = data_dir / KEY_FILE
    if file.exists():
        return ECKey.import_key(json.loads(file.read_text()))
    key = new_key()
    data_dir.mkdir(parents=True, exist_ok=True)
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as out:
        json.dump(key.as_dict(private=True), out)
    return key


def make_app(issuer: Issuer) -> Starlette:
    """The issuer over HTTP."""

    async def token(request: Request) -> Response:
        minted = _mint(issuer, _read_form(await request.body()))
        if minted is None:
            return JSONResponse({"error": "invalid_request"}, 400)
        answer = {"access_token": minted, "token_type": "Bearer", "expires_in": LIFETIME_S}
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})

    return Starlette(
        routes=[
            Route("/jwks", _document(issuer.key_set())),
            Route("/.well-known/openid-configuration", _document(issuer.discovery())),
            Route("/token", token, methods=["POST"]),
        ]
    )


def _document(content: Mapping[str, Any]) -> Any:
    async def endpoint(_: Request) -> Response:
        return JSONResponse(content)

    return endpoint


def _mint(issuer: Issuer, form: Mapping[str, str]) -> str | None:
    match form:
        case {"grant_type": "password", "client_id": client, "username": person, "password": _}:
            return issuer.mint(person, client_id=client)
        case {"grant_type": "client_credentials", "client_id": client, "client_secret": _}:
            return issuer.mint_partner(client)
    return None


def _read_form(form: bytes) -> Mapping[str, str]:
    """The fields of a form, each given once; nothing where any of them is no plain short text."""
    fields = parse_qs(form[: MAX_FORM_BYTES + 1].decode("utf-8", "replace"), keep_blank_values=True)
    if len(form) > MAX_FORM_BYTES or any(len(v) != 1 or not 0 < len(v[0]) <= 200 for v in fields.values()):
        return {}
    return {name: values[0] for name, values in fields.items()}


def main(arguments: list[str] | None = None) -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.issuer", description="Development sign-in")
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--audience", default="pulang")
    options = parser.parse_args(arguments)
    issuer = Issuer(f"http://{HOST}:{options.port}", options.audience, key_in(options.data_dir))
    uvicorn.run(make_app(issuer), host=HOST, port=options.port, access_log=False, log_level="warning")


if __name__ == "__main__":
    main()

"""Where people and partners' systems sign in on this machine, and with what. The same for both identity providers."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.security.tokens import WEB_CLIENT

ANY_SECRET = "x"  # noqa: S105 - the development issuer takes whatever it is given


@dataclass(frozen=True)
class SignIn:
    """An identity provider's addresses, and the made-up secrets of people (by reference) and clients (by id)."""

    issuer: str
    jwks_url: str
    token_url: str
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    def as_person(self, person: str) -> dict[str, str]:
        """The form that answers a person's token. Local realms alone allow it; elsewhere people use a browser."""
        secret = self.secrets.get(person, ANY_SECRET)
        return {"grant_type": "password", "client_id": WEB_CLIENT, "username": person, "password": secret}

    def as_partner(self, client: str) -> dict[str, str]:
        """The form that answers a token for a partner's own system."""
        secret = self.secrets.get(client, ANY_SECRET)
        return {"grant_type": "client_credentials", "client_id": client, "client_secret": secret}


def development(url: str) -> SignIn:
    """The development issuer at this address."""
    return SignIn(url, f"{url}/jwks", f"{url}/token")

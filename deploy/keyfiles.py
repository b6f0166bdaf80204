"""Key rings as files: new keys, offline copies, and their way back."""

import base64
import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from pydantic import ValidationError

from deploy.errors import Misuse
from deploy.services import ServiceName, settings_of
from shared.security.ceremony import BadCopy, Part, join, split
from shared.security.keyring import Ring, fingerprint, read_ring
from shared.service.file_secrets import read_secret

KEY_BYTES = 96


def add_key(file: Path, version: str) -> str:
    """Add a random key of this version at the end of a ring's file; answers its fingerprint."""
    try:
        ring = read_ring(read_secret(file, file.name)) if file.exists() else Ring({})
        secret = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
        extended = read_ring(f"{ring.text()}{version}:{secret}")
    except ValueError as error:
        raise Misuse(f"{file}: {error}") from None
    write_secret(file, extended.text())
    return fingerprint(secret)


def copy_rings(service: ServiceName, to: Sequence[str], out: Path) -> list[dict[str, Any]]:
    """Write both parts of a copy of this service's rings; a key server's keys are its own to copy."""
    settings = settings_of(service)
    rings = {name: read_ring(getattr(settings, name).get_secret_value()) for name in settings.rings}
    if settings.master_keys is None:
        rings.pop("master_key")
    try:
        agencies = {agency: _public_key(Path(file)) for agency, file in (_pair(each) for each in to)}
        parts = split(service, rings, agencies, datetime.now(UTC))
    except ValueError as error:
        raise Misuse(str(error)) from None
    return [_written(part, out) for part in parts]


def restore_rings(given: Sequence[str], out: Path, passphrase: Callable[[str], str]) -> list[dict[str, Any]]:
    """Write the rings that these parts make, one file each."""
    try:
        opened = [(_part(Path(part)), _private_key(Path(key), passphrase)) for part, key in map(_pair, given)]
        rings = join(opened)
    except BadCopy as error:
        raise Misuse(str(error)) from None
    for name, ring in rings.items():
        write_secret(out / name, ring.text())
    return [{"file": str(out / name), "fingerprints": ring.fingerprints()} for name, ring in rings.items()]


def write_secret(file: Path, text: str) -> None:
    """Replace the file in one step; nobody else can read it at any time. Raises Misuse where it cannot be written."""
    fresh = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh.touch(mode=0o600, exist_ok=False)
        fresh.write_text(text, "utf-8")
        fresh.replace(file)
    except OSError as error:
        raise Misuse(f"{file}: cannot be written ({error.strerror})") from error


def _written(part: Part, out: Path) -> dict[str, Any]:
    file = out / f"{part.copy_of}-{part.ceremony}-{part.agency}.json"
    write_secret(file, part.model_dump_json(indent=1))
    return {"file": str(file), "agency": part.agency, "fingerprints": part.fingerprints}


def _pair(text: str) -> tuple[str, str]:
    name, equals, file = text.partition("=")
    if not (name and equals and file):
        raise Misuse(f"{text}: expected NAME=FILE")
    return name, file


def _part(file: Path) -> Part:
    try:
        return Part.model_validate_json(file.read_bytes())
    except (OSError, ValidationError):
        raise Misuse(f"{file}: this is no part of a copy") from None


def _public_key(file: Path) -> X25519PublicKey:
    try:
        key = serialization.load_pem_public_key(file.read_bytes())
    except (OSError, ValueError):
        raise Misuse(f"{file}: this is no public key in PEM") from None
    if not isinstance(key, X25519PublicKey):
        raise Misuse(f"{file}: an X25519 key is needed (openssl genpkey -algorithm X25519)")
    return key


def _private_key(file: Path, passphrase: Callable[[str], str]) -> X25519PrivateKey:
    try:
        pem = file.read_bytes()
        password = passphrase(file.name).encode() if b"ENCRYPTED" in pem else None
        key = serialization.load_pem_private_key(pem, password)
    except (OSError, ValueError):
        raise Misuse(f"{file}: the private key cannot be opened") from None
    if not isinstance(key, X25519PrivateKey):
        raise Misuse(f"{file}: an X25519 key is needed")
    return key

"""Secrets that everybody can read in a public repository protect nothing."""

from collections.abc import Iterable, Mapping

from shared.security.opaque import MIN_SECRET_BYTES

LOOKS_LIKE_A_SAMPLE = (
    "sample",
    "example",
    "changeme",
    "change-me",
    "default",
    "password",
    "passwd",
    "secret-for-local",
)


class SampleSecret(ValueError):
    """A service would start with a secret that is none. Names the setting, never its value."""


def refuse_sample_secrets(
    secrets: Mapping[str, str], *, local: bool, samples: Iterable[str] = (), least_bytes: int = MIN_SECRET_BYTES
) -> None:
    """Raise SampleSecret outside local mode for a secret (by its setting's name) that is shorter than `least_bytes`,
    one of the samples, named like one, or of fewer than eight different characters. In local mode everything goes."""
    if local:
        return
    known = set(samples)
    for name, value in secrets.items():
        if value in known or any(word in value.lower() for word in LOOKS_LIKE_A_SAMPLE):
            raise SampleSecret(f"{name} holds a sample secret outside local mode")
        if len(value.encode()) < least_bytes or len(set(value)) < 8:
            raise SampleSecret(f"{name} is too short or too simple")

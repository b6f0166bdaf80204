"""Whether what is to be told is sealed."""

from collections.abc import Iterable

from shared.kernel.work import Work
from shared.security.seals import Seal


def is_sealed_from(office: str, refs: Iterable[str], work: Work) -> bool:
    """Whether a case, person or referral among these is sealed without naming the office."""
    seals = (work.find(Seal, ref) for ref in refs)
    return any(seal is not None and seal.shuts_office_out(office) for seal in seals)

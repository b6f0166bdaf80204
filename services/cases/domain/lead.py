"""Which office leads a new case."""

PROVINCIAL_CITY = "53.71"
"""Kota Kupang: there the province's labour department stands at the airport and the port."""

POSSIBLE_VICTIM = frozenset({"PRESUMED_VICTIM", "CONFIRMED_VICTIM", "UNDETERMINED"})
"""Who is undetermined is not without signs: the doubt counts for the person."""


def proposed_lead(status: str, source: str, host: str, *, as_child: bool, abroad: bool) -> str:
    """The office that should lead, by who the person is and in which regency or city (`host`) the person is now.

    PP 9/2008 Art 19 gives victims to the service unit of the home regency; until handed over, that of the host
    keeps the case. A child is always with that unit, whatever else is known.
    """
    if as_child or status in POSSIBLE_VICTIM:
        return f"UPTD_PPA-{host}"
    if abroad or source in {"KEMLU", "BP3MI_DEBARKASI"}:
        return f"BP3MI-{host[:2]}"
    if source == "INTERDICTION":
        return f"NAKER_PROV-{host[:2]}" if host == PROVINCIAL_CITY else f"GT_KAB-{host}"
    return f"UPTD_PPA-{host}"

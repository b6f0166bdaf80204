"""What people read about a refusal of intake, in Bahasa Indonesia and English."""

from collections.abc import Mapping

TITLES: Mapping[str, tuple[str, str]] = {
    "NO_LEGAL_BASIS": (
        "Dasar hukum tidak berlaku untuk perjalanan atau tanggal ini",
        "The legal basis does not cover this journey or this day",
    ),
    "IN_THE_FUTURE": ("Waktu kejadian di masa depan", "The time lies in the future"),
    "REF_TAKEN": ("Referensi ini sudah dipakai", "This reference has been used before"),
    "ILLEGAL_MOVE": ("Langkah ini tidak mungkin dalam keadaan sekarang", "This move is not possible in this state"),
    "DATA_MISSING": ("Langkah ini memerlukan keterangan lain", "This move has to say more"),
    "CONSENT_KEPT_BY_CASE": (
        "Orang ini sudah diteruskan; persetujuan dicatat di perkara",
        "This person was handed over; the case keeps their consent",
    ),
    "UNKNOWN_PURPOSE": ("Tujuan ini tidak dapat dimintakan persetujuan", "Nobody can be asked to agree to this"),
    "CHILD_NEEDS_GUARDIAN": (
        "Persetujuan anak memerlukan orang tua atau wali",
        "A child's yes needs a parent or guardian",
    ),
}
"""Code → (Indonesian, English)."""

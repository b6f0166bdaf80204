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
    "ERASED": (
        "Identitas orang ini sudah dimusnahkan",
        "This person's identity was destroyed",
    ),
    "RESTRICTED": (
        "Pemrosesan data orang ini dibatasi atas permintaannya",
        "The processing of this person's data is restricted at their request",
    ),
    "CHANGED_MEANWHILE": (
        "Data berubah sementara itu; buka lagi lalu ulangi",
        "The data changed meanwhile; open it again and repeat",
    ),
    "CHILD_NEEDS_GUARDIAN": (
        "Persetujuan anak memerlukan orang tua atau wali",
        "A child's yes needs a parent or guardian",
    ),
}
"""Code → (Indonesian, English)."""

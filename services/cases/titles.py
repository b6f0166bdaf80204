"""What people read about a refusal of case work, in Bahasa Indonesia and English."""

from collections.abc import Mapping

TITLES: Mapping[str, tuple[str, str]] = {
    "NOT_THE_LEAD": ("Instansi Anda tidak memimpin perkara ini", "Your office does not lead this case"),
    "ILLEGAL_MOVE": ("Langkah ini tidak mungkin dalam keadaan sekarang", "This move is not possible in this state"),
    "CASE_NOT_OPEN": ("Perkara belum terbuka", "The case is not open"),
    "CONSENT_MISSING": (
        "Belum ada persetujuan; sebutkan dasar hukum lain bila ada",
        "There is no consent; name another legal basis if there is one",
    ),
    "UNKNOWN_LEGAL_BASIS": ("Dasar hukum tidak berlaku untuk instansi ini", "No such legal basis towards this agency"),
    "ALREADY_WAITING": ("Rujukan yang sama masih menunggu jawaban", "The same referral still waits for an answer"),
    "NOTHING_TO_WITHDRAW": ("Tidak ada persetujuan yang dapat ditarik", "There is no consent to take back"),
    "GUARDIAN_NEEDED": ("Persetujuan anak memerlukan orang tua atau wali", "A child's yes needs a parent or guardian"),
    "NUMBER_IN_USE": ("Nomor ini milik perkara lain", "This number belongs to another case"),
    "LEADS_ALREADY": ("Instansi ini memimpin perkara", "This office leads the case"),
    "NOT_FOR_THIS_AGENCY": ("Instansi ini tidak dapat dimintai hal itu", "This agency cannot be asked for that"),
    "IN_FUTURE": ("Waktu kejadian di masa depan", "The time lies in the future"),
    "BEFORE_SENDING": ("Jawaban mendahului rujukan", "The answer comes before the referral"),
}
"""Code → (Indonesian, English)."""

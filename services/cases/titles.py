"""What people read about a refusal of case work, in Bahasa Indonesia and English."""

from collections.abc import Mapping

TITLES: Mapping[str, tuple[str, str]] = {
    "NOT_THE_LEAD": ("Instansi Anda tidak memimpin perkara ini", "Your office does not lead this case"),
    "ILLEGAL_MOVE": ("Langkah ini tidak mungkin dalam keadaan sekarang", "This move is not possible in this state"),
    "NOT_TAKEN": ("Perkara belum diambil", "Nobody has taken the case yet"),
    "MANAGES_ALREADY": ("Petugas ini sudah mengelola perkara", "This person manages the case already"),
    "NO_MANAGER_HERE": ("Bukan manajer kasus di instansi pemimpin", "No case manager of the leading office"),
    "CASE_NOT_OPEN": ("Perkara belum terbuka", "The case is not open"),
    "CONSENT_MISSING": (
        "Belum ada persetujuan; sebutkan dasar hukum lain bila ada",
        "There is no consent; name another legal basis if there is one",
    ),
    "UNKNOWN_LEGAL_BASIS": ("Dasar hukum tidak berlaku untuk instansi ini", "No such legal basis towards this agency"),
    "ALREADY_WAITING": ("Rujukan yang sama masih menunggu jawaban", "The same referral still waits for an answer"),
    "NOTHING_TO_WITHDRAW": ("Tidak ada persetujuan yang dapat ditarik", "There is no consent to take back"),
    "CHILD_NEEDS_GUARDIAN": (
        "Persetujuan anak memerlukan orang tua atau wali",
        "A child's yes needs a parent or guardian",
    ),
    "NUMBER_IN_USE": ("Nomor ini milik perkara lain", "This number belongs to another case"),
    "LEADS_ALREADY": ("Instansi ini memimpin perkara", "This office leads the case"),
    "NOT_FOR_THIS_AGENCY": ("Instansi ini tidak dapat dimintai hal itu", "This agency cannot be asked for that"),
    "UNKNOWN_ROLE": ("Peran tidak dikenal", "There is no such role"),
    "ROLE_NOT_OF_THIS_AGENCY": ("Peran ini bukan untuk instansi ini", "This role is not one of this agency"),
    "ROLE_GIVEN_BY_OPERATOR": (
        "Peran ini hanya diberikan atau dicabut oleh operator",
        "Only the operator gives or takes this role",
    ),
    "UNKNOWN_PERSON": ("Petugas ini tidak terdaftar", "This person is not in the directory"),
    "MANAGES_THE_CASE": (
        "Serahkan dahulu perkara ini kepada manajer lain",
        "Give the case to another manager first",
    ),
    "NOT_KEPT_OUT": ("Petugas ini tidak dikecualikan", "This person is not kept out"),
    "NOT_SEALED": ("Perkara tidak disegel", "The case is not sealed"),
    "LPSK_DECIDES": ("Hanya LPSK yang dapat membuka segel ini", "LPSK alone opens this seal"),
    "NOBODY_TO_UNSEAL": (
        "Sebutkan juga penyelia instansi pemimpin, atau LPSK bila sudah dirujuk",
        "Name a supervisor of the leading office too, or LPSK where it was asked in",
    ),
    "NOT_NAMED": ("Perkara disegel; sebutkan dahulu instansi ini", "The case is sealed; name this office first"),
    "NOT_YOUR_AGENCY": ("Bukan instansi Anda", "Not your agency"),
    "PERSON_KNOWN": ("Orang ini sudah terdaftar", "This person is in the directory already"),
    "WORKS_ELSEWHERE": ("Orang ini terdaftar di instansi lain", "This person works for another agency"),
    "NOT_ONESELF": ("Tidak dapat mengubah diri sendiri", "Nobody changes their own entry"),
    "NOT_ONES_OWN_OFFICE": ("Tidak dapat menutup kantor sendiri", "Nobody shuts out their own office"),
    "NOT_SUSPENDED": ("Tidak sedang ditutup", "Not shut out"),
    "UNKNOWN_REASON": ("Alasan tidak dikenal", "There is no such reason"),
    "ENDS_BEFORE_IT_BEGINS": ("Masa tugas berakhir sebelum dimulai", "The service ends before it begins"),
    "TOLD_ALREADY": ("Sudah diberitahu", "They have been told"),
    "BEFORE_KNOWN": ("Pemberitahuan mendahului kegagalan", "The notice comes before the breach was known"),
    "NO_EXEMPTION": ("Tidak ada pengecualian terhadap lembaga", "There is no exemption towards the authority"),
    "UNKNOWN_EXEMPTION": ("Dasar pengecualian tidak dikenal", "There is no such exemption"),
    "UNKNOWN_BREACH_KIND": ("Jenis kegagalan tidak dikenal", "There is no such kind of breach"),
    "IN_THE_FUTURE": ("Waktu kejadian di masa depan", "The time lies in the future"),
    "BEFORE_SENDING": ("Jawaban mendahului rujukan", "The answer comes before the referral"),
}
"""Code → (Indonesian, English)."""

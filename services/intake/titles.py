"""What people read about a refusal of intake, in Bahasa Indonesia and English."""

from collections.abc import Mapping

TITLES: Mapping[str, tuple[str, str]] = {
    "CHECKPOINT_OR_VILLAGE": ("Pilih satu: pos atau desa", "One of them: a checkpoint or a village"),
    "NIK_OR_NAME": ("Pilih satu: NIK atau nama", "One of them: a NIK or a name"),
    "NOT_A_NIK": ("Bukan NIK lengkap", "No whole NIK"),
    "UNKNOWN_REGION": ("Kode wilayah tidak dikenal", "There is no such region"),
    "NOT_EXPECTED": ("Tidak diperlukan untuk permintaan ini", "This request does not take it"),
    "IN_ANOTHER_CASE": ("Orang ini sudah ada di perkara lain", "This person is in another case"),
    "UNKNOWN_SUBJECT": ("Orang tidak dikenal", "There is no such person here"),
    "NO_LEGAL_BASIS": (
        "Dasar hukum tidak berlaku untuk perjalanan atau tanggal ini",
        "The legal basis does not cover this journey or this day",
    ),
    "REF_TAKEN": ("Referensi ini sudah dipakai", "This reference has been used before"),
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
    "HELD": (
        "Identitas orang ini ditahan untuk proses hukum dan tidak boleh diganti",
        "This person's identity is under a legal hold and may not be replaced",
    ),
    "CHANGED_MEANWHILE": (
        "Data berubah sementara itu; buka lagi lalu ulangi",
        "The data changed meanwhile; open it again and repeat",
    ),
}
"""Code → (Indonesian, English)."""

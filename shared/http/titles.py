"""What a person reads about a refusal, in Bahasa Indonesia and English; programs read its code."""

from collections.abc import Mapping
from types import MappingProxyType

Titles = Mapping[str, tuple[str, str]]
"""Code → (Indonesian, English)."""

BY_STATUS: Mapping[int, tuple[str, str]] = MappingProxyType(
    {
        400: ("Permintaan tidak terbaca", "The request cannot be read"),
        401: ("Silakan masuk terlebih dahulu", "Please sign in"),
        403: ("Tidak diizinkan", "Not allowed"),
        404: ("Tidak ditemukan", "Not found"),
        405: ("Metode tidak didukung di sini", "This method is not supported here"),
        408: ("Permintaan terlalu lama dikirim", "The request took too long to arrive"),
        409: ("Tidak mungkin dalam keadaan sekarang", "Not possible in the present state"),
        412: ("Data sudah berubah sejak Anda membacanya", "The data has changed since you read it"),
        413: ("Isi permintaan terlalu besar", "The request body is too large"),
        415: ("Hanya JSON yang diterima", "Only JSON is accepted"),
        422: ("Ada isian yang salah", "Some fields are wrong"),
        428: ("Sertakan versi yang Anda baca", "Say which version you have read"),
        429: ("Terlalu banyak permintaan", "Too many requests"),
        431: ("Kepala permintaan terlalu besar", "The request's headers are too large"),
        500: ("Kesalahan pada sistem kami", "An error of ours"),
        503: ("Sedang tidak tersedia, coba lagi", "Not available now, try again"),
    }
)

BY_CODE: Titles = MappingProxyType(
    {
        "DIRECTORY_STALE": (
            "Daftar petugas belum mutakhir; coba lagi sebentar",
            "The staff directory is not up to date; try again shortly",
        ),
        "EVENT_TOO_LARGE": (
            "Terlalu banyak dalam satu permintaan; bagi menjadi beberapa",
            "Too much in one request; divide it into several",
        ),
        "TOKEN_EXPIRED": ("Sesi Anda sudah berakhir", "Your session has ended"),
        "IDEMPOTENCY_KEY_MISSING": ("Sertakan Idempotency-Key", "Send an Idempotency-Key"),
        "IDEMPOTENCY_KEY_INVALID": ("Idempotency-Key tidak sah", "The Idempotency-Key is not valid"),
        "IDEMPOTENCY_KEY_REUSED": (
            "Idempotency-Key sudah dipakai untuk permintaan lain",
            "The Idempotency-Key was used for another request",
        ),
        "OUTCOME_UNKNOWN": (
            "Hasilnya belum pasti; ulangi dengan Idempotency-Key yang sama",
            "The outcome is not known; repeat with the same Idempotency-Key",
        ),
        "PARTNER_SHUT_OUT": ("Lembaga Anda sedang ditutup", "Your agency is shut out"),
        "INVALID_EVENT": ("Peristiwa tidak sah", "The event is not valid"),
        "CONFLICTING_DUPLICATE": (
            "Id ini sudah dipakai untuk isi yang lain; pakai id baru dengan corrects",
            "This id was used for another content; use a new id that corrects it",
        ),
        "POSITION_NOT_REACHED": ("Data belum semutakhir yang diminta", "The data is not as recent as asked for yet"),
        "PURPOSE_MISSING": ("Sebutkan tujuan pencarian", "Say what the search is for"),
        "PURPOSE_UNKNOWN": ("Tujuan akses tidak dikenal", "No such purpose of an access"),
        "STAFF_UNKNOWN": ("Anda tidak terdaftar sebagai petugas", "You are not in the staff directory"),
    }
)


def title(code: str, status: int, lang: str, own: Titles = MappingProxyType({})) -> str:
    """The title for a code, else for its status. `own` holds a service's codes and goes first."""
    pair = own.get(code) or BY_CODE.get(code) or BY_STATUS.get(status) or BY_STATUS[500]
    return pair[1] if lang == "en" else pair[0]

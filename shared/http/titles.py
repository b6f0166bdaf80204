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
        "UNAVAILABLE": ("Sedang tidak tersedia, coba lagi", "Not available now, try again"),
        "TOO_BUSY": ("Terlalu sibuk, coba lagi", "Too busy, try again"),
        "SIGN_IN_UNAVAILABLE": (
            "Layanan masuk tidak tersedia, coba lagi",
            "The sign-in does not answer, try again",
        ),
        "DUPLICATE_KEY": ("Nomor atau kunci ini sudah dipakai", "This number or key is in use"),
        "UNSAVABLE": ("Tidak dapat disimpan", "It cannot be saved"),
        "NO_AUDIT": ("Jejak audit tidak tersedia", "The audit is not available"),
        "NOT_FOUND": ("Tidak ditemukan", "Not found: it is not there, or not for you"),
        "METHOD_NOT_ALLOWED": ("Metode tidak didukung di sini", "This method is not supported here"),
        "INVALID_REQUEST": ("Permintaan tidak terbaca", "The request cannot be read"),
        "FORBIDDEN": ("Tidak diizinkan", "Not allowed"),
        "INTERNAL_ERROR": ("Kesalahan pada sistem kami", "An error of ours"),
        "TOKEN_MISSING": ("Silakan masuk terlebih dahulu", "Please sign in"),
        "TOKEN_INVALID": ("Tanda masuk tidak sah", "The sign-in is not valid"),
        "REPEATED_HEADER": ("Kepala permintaan ganda", "A header that may come once came twice"),
        "UNKNOWN_PARAMETER": ("Parameter tidak dikenal", "There is no such parameter"),
        "REPEATED_PARAMETER": ("Parameter ganda", "A parameter came twice"),
        "INVALID_PARAMETER": ("Parameter salah", "A parameter is wrong"),
        "BODY_MISSING": ("Isi permintaan tidak ada", "The body is missing"),
        "BODY_TOO_LARGE": ("Isi permintaan terlalu besar", "The request body is too large"),
        "BODY_TOO_SLOW": ("Permintaan terlalu lama dikirim", "The request took too long to arrive"),
        "WRONG_CONTENT_TYPE": ("Jenis isi ini tidak diterima", "This content type is not taken"),
        "WRONG_CONTENT_ENCODING": ("Isi terkompresi tidak diterima", "Compressed bodies are not taken"),
        "INVALID_BODY": ("Ada isian yang salah", "Some fields are wrong"),
        "IF_MATCH_MISSING": ("Sertakan versi yang Anda baca", "Say which version you have read"),
        "IF_MATCH_INVALID": ("If-Match tidak sah", "The If-Match is not one tag"),
        "VERSION_CONFLICT": ("Data sudah berubah sejak Anda membacanya", "The data has changed since you read it"),
        "RATE_LIMITED": ("Terlalu banyak permintaan", "Too many requests"),
        "ILLEGAL_MOVE": ("Langkah ini tidak mungkin dalam keadaan sekarang", "This move is not possible in this state"),
        "IN_THE_FUTURE": ("Waktu kejadian di masa depan", "The time lies in the future"),
        "CHILD_NEEDS_GUARDIAN": (
            "Persetujuan anak memerlukan orang tua atau wali",
            "A child's yes needs a parent or guardian",
        ),
        "NOBODY_ACTS": ("Tidak ada yang bertindak", "Nobody gave this command"),
        "REQUIRED": ("Wajib diisi", "It has to be there"),
        "UNKNOWN_FIELD": ("Isian tidak dikenal", "There is no such field"),
        "NOT_IN_LIST": ("Tidak ada dalam daftar", "It is none of the list"),
        "WRONG_TYPE": ("Jenis nilai salah", "It is of another type"),
        "TOO_SHORT": ("Terlalu pendek", "It is too short"),
        "TOO_LONG": ("Terlalu panjang", "It is too long"),
        "TOO_FEW": ("Terlalu sedikit", "There are too few"),
        "TOO_MANY": ("Terlalu banyak", "There are too many"),
        "BAD_FORMAT": ("Bentuknya salah", "It has another form"),
        "OUT_OF_RANGE": ("Di luar batas", "It lies outside the limits"),
        "TIME_WITHOUT_OFFSET": ("Waktu tanpa zona", "A time without its offset"),
        "BAD_VALUE": ("Nilai tidak sah", "The value cannot be"),
        "NOT_YOURS_TO_WRITE": ("Bukan wewenang Anda untuk mengisi ini", "This is not yours to write"),
        "NOT_A_CURSOR": ("Bukan penunjuk halaman dari kami", "No cursor of ours"),
        "NOT_A_POSITION": ("Bukan posisi dari kami", "No position of ours"),
        "NOT_A_LIST": ("Bukan daftar", "It is no list"),
        "NOT_HTTP": ("Bukan permintaan HTTP", "No request in HTTP"),
        "HEADERS_TOO_LARGE": ("Kepala permintaan terlalu besar", "The request's headers are too large"),
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

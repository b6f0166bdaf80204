"""What people read about a refusal of notify, in Bahasa Indonesia and English."""

from collections.abc import Mapping

TITLES: Mapping[str, tuple[str, str]] = {
    "ATTEMPT_OVER": ("Upaya pengiriman sudah selesai", "The attempt to send is over"),
    "ATTEMPT_RUNNING": ("Upaya pengiriman sedang berjalan", "An attempt to send is under way"),
    "NOT_DUE": ("Belum waktunya dikirim", "It is not due yet"),
}
"""Code → (Indonesian, English)."""

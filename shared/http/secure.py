"""What every answer tells browsers and proxies: keep nothing, guess nothing, embed nothing, run nothing.

After the OWASP HTTP Headers and REST Security cheat sheets. There are no CORS headers: no web page of another origin
may read an answer.
"""

from collections.abc import Mapping
from types import MappingProxyType

HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Cache-Control": "no-store",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
)

TRANSPORT = MappingProxyType({"Strict-Transport-Security": "max-age=63072000; includeSubDomains"})
"""Outside local mode, where the interface stands behind TLS (RFC 6797)."""

"""Requests to addresses that others choose: they reach nothing inside, whatever the name resolves to."""

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from shared.http import outbound
from shared.http.outbound import Answered, Outbound, OutboundFailed, OutboundRefused, is_public

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
OPEN = Outbound(allowed=LOOPBACK, plain=True, timeout_s=1.0)

CLOSED = [
    "0.0.0.0", "10.1.2.3", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.8.8.8", "168.63.129.16",
    "169.254.169.254", "172.16.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1",
    "203.0.113.9", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:8.8.8.8", "64:ff9b::10.0.0.1",
    "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:a00:1::1", "3fff::1", "5f00::1", "fc00::1",
    "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1",
]  # fmt: skip


@pytest.mark.parametrize("text", CLOSED)
def test_what_leads_inside_is_closed(text: str) -> None:
    assert not is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", ["8.8.8.8", "103.10.104.1", "2001:4860:4860::8888", "2606:4700:4700::1111"])
def test_what_lies_outside_is_open(text: str) -> None:
    assert is_public(ipaddress.ip_address(text))


@given(st.ip_addresses(v=4))
def test_whatever_is_closed_stays_closed_inside_an_ipv6_address(inner: ipaddress.IPv4Address) -> None:
    number = int(inner)
    for prefix in (0, 0xFFFF << 32, 0x64FF9B << 96):
        assert not is_public(ipaddress.IPv6Address(prefix | number))
    assert not is_public(ipaddress.IPv6Address((0x2002 << 112) | (number << 80)))


def test_the_operator_may_open_a_network_and_opens_no_other() -> None:
    own = (ipaddress.ip_network("10.20.0.0/16"),)
    assert is_public(ipaddress.ip_address("10.20.1.1"), own)
    assert not is_public(ipaddress.ip_address("10.21.1.1"), own)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://lpsk.example/hook", "NOT_HTTPS"),
        ("ftp://lpsk.example/hook", "NOT_HTTPS"),
        ("file:///etc/passwd", "NOT_HTTPS"),
        ("gopher://127.0.0.1:6379/_x", "NOT_HTTPS"),
        ("//lpsk.example/hook", "NOT_HTTPS"),
        ("https://", "BAD_URL"),
        ("https:///hook", "BAD_URL"),
        ("https://user:word@lpsk.example/", "BAD_URL"),  # pragma: allowlist secret
        ("https://lpsk.example@127.0.0.1/", "BAD_URL"),
        ("https://lpsk.example\\@127.0.0.1/", "BAD_URL"),
        ("https://lpsk.example/#x", "BAD_URL"),
        ("https://lpsk.example:99999/", "BAD_URL"),
        ("https://lpsk.example:0/", "BAD_URL"),
        ("https://[::1/", "BAD_URL"),
        ("https://[fe80::1%25eth0]/", "BAD_URL"),
        ("https://lpsk.example/a b", "BAD_URL"),
        ("https://lpsk.example/\r\nX: y", "BAD_URL"),
        ("https://lpsk\u3002example/", "BAD_URL"),
        ("https://lpsk.example/" + "x" * 2000, "BAD_URL"),
    ],
)
def test_an_address_that_cannot_be_right_is_refused_where_it_is_written(url: str, code: str) -> None:
    Outbound().check("https://lpsk.example:8443/hooks/1?x=y")
    with pytest.raises(OutboundRefused) as refused:
        Outbound().check(url)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
    ],
)
async def test_no_spelling_of_this_machine_is_connected_to(host: str, server: "Server") -> None:
    with pytest.raises((OutboundRefused, OutboundFailed)) as refused:
        await Outbound(plain=True).post(f"http://{host}:{server.port}/", b"{}", {})
    assert refused.value.code in {"ADDRESS_NOT_ALLOWED", "NOT_CONNECTED"}
    assert server.seen == []


async def test_a_name_that_resolves_inside_is_refused_and_one_closed_address_is_enough(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for answers in (["10.0.0.5"], ["8.8.8.8", "10.0.0.5"], []):
        names(monkeypatch, answers)
        with pytest.raises(OutboundRefused, match="ADDRESS_NOT_ALLOWED"):
            await Outbound().post("https://rebind.example/", b"{}", {})


async def test_the_address_that_was_judged_is_the_one_connected_to(
    monkeypatch: pytest.MonkeyPatch, server: "Server"
) -> None:
    asked = names(monkeypatch, ["127.0.0.1"], ["127.0.0.2"], ["127.0.0.3"])
    answer = await OPEN.post(f"http://rebind.example:{server.port}/hook", b"{}", {"X-Id": "1"})
    assert answer == Answered(200, b"thanks")
    assert asked == ["rebind.example"]
    assert b"Host: rebind.example" in server.seen[0]


def names(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Let the DNS say one thing after another; answers what was asked."""
    asked: list[str] = []

    async def resolve(host: str, port: int) -> list[Any]:
        asked.append(host)
        return [ipaddress.ip_address(text) for text in answers[min(len(asked), len(answers)) - 1]]

    monkeypatch.setattr(outbound, "resolve", resolve)
    return asked


class Server:
    """Answers each request with the same bytes, and remembers what it saw."""

    def __init__(self) -> None:
        self.seen: list[bytes] = []
        self.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nthanks"
        self.endless = False
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.seen.append(await reader.read(65536))
        try:
            writer.write(self.answer)
            while self.endless:
                writer.write(b"x" * 1000)
                await writer.drain()
                await asyncio.sleep(0.01)
        except ConnectionError:
            pass
        finally:
            writer.close()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """A server of the test's own."""
    own = Server()
    listening = await asyncio.start_server(own.serve, "127.0.0.1", 0)
    own.port = listening.sockets[0].getsockname()[1]
    yield own
    own.endless = False
    listening.close()


async def test_a_redirect_is_an_answer_and_is_not_followed(server: Server) -> None:
    server.answer = b"HTTP/1.1 307 Temporary\r\nLocation: http://169.254.169.254/latest\r\nContent-Length: 0\r\n\r\n"
    assert (await OPEN.post(f"http://127.0.0.1:{server.port}/", b"{}", {})).status == 307
    assert len(server.seen) == 1


async def test_an_answer_is_read_to_its_bound_of_size_and_no_further(server: Server) -> None:
    server.answer, server.endless = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 70_000, True
    with pytest.raises(OutboundFailed, match="ANSWER_TOO_LARGE"):
        await OPEN.post(f"http://127.0.0.1:{server.port}/", b"{}", {})


async def test_an_answer_that_drips_is_given_up_in_time(server: Server) -> None:
    server.answer, server.endless = b"HTTP/1.1 200 OK\r\n\r\n", True
    patient = Outbound(allowed=LOOPBACK, plain=True, timeout_s=0.3, max_bytes=10**9)
    with pytest.raises(OutboundFailed, match="TIMEOUT"):
        await patient.post(f"http://127.0.0.1:{server.port}/", b"{}", {})


@pytest.mark.parametrize("answer", [b"", b"no http\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nx"])
async def test_half_an_answer_is_none(server: Server, answer: bytes) -> None:
    server.answer = answer
    with pytest.raises(OutboundFailed, match="BROKEN_OFF"):
        await OPEN.post(f"http://127.0.0.1:{server.port}/", b"{}", {})


async def test_no_proxy_of_the_environment_is_asked(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert (await OPEN.post(f"http://127.0.0.1:{server.port}/", b"{}", {})).status == 200


async def test_tls_proves_the_name_and_not_the_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = Server()
    certificate = certificate_for("lpsk.example", tmp_path)
    listening_tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    listening_tls.load_cert_chain(certificate)
    listening = await asyncio.start_server(own.serve, "127.0.0.1", 0, ssl=listening_tls)
    port = listening.sockets[0].getsockname()[1]
    names(monkeypatch, ["127.0.0.1"])
    way = Outbound(allowed=LOOPBACK, tls=ssl.create_default_context(cafile=certificate), timeout_s=2.0)
    assert (await way.post(f"https://lpsk.example:{port}/", b"{}", {})).status == 200
    with pytest.raises(OutboundFailed, match="NOT_CONNECTED"):
        await way.post(f"https://police.example:{port}/", b"{}", {})
    with pytest.raises(OutboundFailed, match="NOT_CONNECTED"):
        await Outbound(allowed=LOOPBACK, timeout_s=2.0).post(f"https://lpsk.example:{port}/", b"{}", {})
    listening.close()


def certificate_for(name: str, directory: Path) -> Path:
    """A certificate that says so of itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    called = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(called)
        .issuer_name(called)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = directory / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return file

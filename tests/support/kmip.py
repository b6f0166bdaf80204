"""A key server for tests: PyKMIP's, as a process of its own, with certificates made for the occasion."""

import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from deploy.local.ports import free_ports
from deploy.local.process import Server
from deploy.local.program import Program
from deploy.local.spawner import Spawner

READY_S = 30.0

SERVE = """
import sys, logging
from kmip.services.server import KmipServer
folder, port = sys.argv[1], int(sys.argv[2])
server = KmipServer(
    hostname="127.0.0.1", port=port, certificate_path=folder + "/server.crt", key_path=folder + "/server.key",
    ca_path=folder + "/ca.crt", auth_suite="TLS1.2", config_path=None, log_path=folder + "/kmip.log",
    policy_path=folder, enable_tls_client_auth=True, logging_level="INFO", database_path=folder + "/kmip.db",
    tls_cipher_suites="TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,"
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256,TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384",
)
with server:
    server.serve()
"""


@dataclass
class KeyServer:
    """One that runs; `stop` and `start` keep its keys."""

    folder: Path
    port: int
    server: Server

    @property
    def endpoint(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self.port}"

    @property
    def ca_file(self) -> Path:
        """The authority that both sides trust."""
        return self.folder / "ca.crt"

    @property
    def client_file(self) -> Path:
        """Certificate and key of its one client."""
        return self.folder / "client.pem"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.server.spawn()
        self.server.wait_until_ready(READY_S)

    def stop(self) -> None:
        """Take it away, with the helper process that it forks."""
        if self.server.pid is not None and self.server.alive:
            os.killpg(self.server.pid, signal.SIGKILL)
        self.server.kill()

    def new_master_key(self) -> str:
        """A fresh one, made as its operators would; answers the identifier."""
        from kmip.core import enums
        from kmip.pie.client import ProxyKmipClient
        from kmip.pie.objects import SecretData

        with self._client(ProxyKmipClient) as client:
            made: str = client.register(SecretData(_random(), enums.SecretDataType.SEED))
            client.activate(made)
        return made

    def destroy_master_key(self, identifier: str) -> None:
        """What ends every data key that it still wraps, in whatever back-up."""
        from kmip.core import enums
        from kmip.pie.client import ProxyKmipClient

        with self._client(ProxyKmipClient) as client:
            client.revoke(enums.RevocationReasonCode.CESSATION_OF_OPERATION, identifier)
            client.destroy(identifier)

    def answers(self) -> bool:
        """Whether it takes connections."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1.0):
                return True
        except OSError:
            return False

    def _client(self, kind: type) -> "object":
        return kind(
            hostname="127.0.0.1",
            port=self.port,
            cert=str(self.folder / "client.crt"),
            ca=str(self.ca_file),
            key=str(self.folder / "client.key"),
            ssl_version="PROTOCOL_TLSv1_2",
        )


def _random() -> bytes:
    return os.urandom(96)


@contextmanager
def key_server(folder: Path) -> Iterator[KeyServer]:
    """A key server in this folder, running."""
    make_certificates(folder)
    (port,) = free_ports(1)
    spawner = Spawner()
    program = Program([sys.executable, "-c", SERVE, str(folder), str(port)], {})
    running = KeyServer(folder, port, None)  # type: ignore[arg-type]
    running.server = Server("kmip", running.endpoint, program, folder / "out.log", partial(running.answers), spawner)
    try:
        running.start()
        yield running
    finally:
        running.stop()
        spawner.close()


def make_certificates(folder: Path) -> None:
    """An authority, a server's and a client's certificate."""
    authority = rsa.generate_private_key(65537, 2048)
    root = _certificate("authority", authority.public_key(), "authority", authority, is_authority=True)
    (folder / "ca.crt").write_bytes(root.public_bytes(serialization.Encoding.PEM))
    for name in ("server", "client"):
        key = rsa.generate_private_key(65537, 2048)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
        signed = _certificate(name, key.public_key(), "authority", authority, is_authority=False)
        certificate = signed.public_bytes(serialization.Encoding.PEM)
        (folder / f"{name}.crt").write_bytes(certificate)
        for place, content in ((f"{name}.key", pem), (f"{name}.pem", certificate + pem)):
            (folder / place).write_bytes(content)
            (folder / place).chmod(0o600)


def _certificate(
    name: str, key: rsa.RSAPublicKey, by: str, signer: rsa.RSAPrivateKey, *, is_authority: bool
) -> x509.Certificate:
    now = datetime.now(UTC)
    usage = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, by)]))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.ExtendedKeyUsage(usage), critical=False)
        .sign(signer, hashes.SHA256())
    )

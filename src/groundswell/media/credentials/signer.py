"""Who signs content credentials: the operator's certificate and key, or a pair of our own for tests and demos."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from groundswell.media.errors import MediaError

CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
VALID_DAYS = 397


@dataclass(frozen=True)
class Signer:
    """``chain``: PEM certificates, the signer's own first. ``key``: its private key, PEM (PKCS #8), without a password.
    ``algorithm``: the C2PA name that goes with the key."""

    chain: bytes
    key: bytes = field(repr=False)
    algorithm: str

    @classmethod
    def read(cls, path: str | Path) -> Signer:
        """A PEM file that holds the private key and the certificate chain, as web servers take them.

        Raises ``bad_certificate`` when it is not there, holds no such pair, or they do not belong together.
        """
        try:
            return cls.parse(Path(path).read_bytes())
        except OSError as error:
            raise MediaError("bad_certificate", f"The certificate cannot be read ({error}).") from error

    @classmethod
    def parse(cls, pem: bytes) -> Signer:
        """`read` for PEM text at hand."""
        try:
            key: Any = load_pem_private_key(pem, password=None)
            chain = x509.load_pem_x509_certificates(pem)
            belongs = chain[0].public_key() == key.public_key()
        except (ValueError, TypeError) as error:
            raise MediaError("bad_certificate", f"The certificate or its key cannot be read ({error}).") from error
        if not belongs:
            raise MediaError("bad_certificate", "The first certificate is not that of the private key.")
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return cls(b"".join(c.public_bytes(Encoding.PEM) for c in chain), private, _algorithm(key))

    def native(self) -> Any:
        """The signer as the C2PA library has it, to be closed after use. No time-stamp authority."""
        import c2pa

        try:
            info = c2pa.C2paSignerInfo(self.algorithm.encode(), self.chain, self.key, None)
            return c2pa.Signer.from_info(info)
        except c2pa.C2paError as error:
            raise MediaError("bad_certificate", f"This certificate cannot sign credentials ({error}).") from error


def _algorithm(key: object) -> str:
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in CURVES:
        return CURVES[key.curve.name]
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= 2048:
        return "ps256"
    raise MediaError("bad_certificate", "The key must be ECDSA (P-256, P-384, P-521), Ed25519 or RSA from 2048 bits.")


def make_test_signer(path: str | Path, service: str) -> bytes:
    """Write a signer's PEM file for tests and demos, for its owner's eyes only; the root certificate that vouches for
    it (to be used as an anchor). No verifier in the world trusts it."""
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name = _name(service, f"{service} test root")
    root = _builder(root_name, root_name, root_key)
    root = root.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    root = root.add_extension(_usage(signs_certificates=True), critical=True)
    root_certificate = root.sign(root_key, hashes.SHA256())
    leaf = _builder(_name(service, f"{service} content credentials (test)"), root_name, key)
    leaf = leaf.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    leaf = leaf.add_extension(_usage(signs_certificates=False), critical=True)
    leaf = leaf.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    vouched = x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key())
    leaf_certificate = leaf.add_extension(vouched, critical=False).sign(root_key, hashes.SHA256())
    anchor = root_certificate.public_bytes(Encoding.PEM)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    _write_private(Path(path), private + leaf_certificate.public_bytes(Encoding.PEM) + anchor)
    return anchor


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _name(organisation: str, name: str) -> x509.Name:
    of = x509.NameAttribute
    return x509.Name([of(NameOID.ORGANIZATION_NAME, organisation[:64]), of(NameOID.COMMON_NAME, name[:64])])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _write_private(path: Path, pem: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(pem)

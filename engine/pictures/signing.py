"""Content credentials (C2PA): says in a signed manifest that a picture was made by a model. Blocking.

The operator brings a certificate, or one is made at first start; a self-made one reads as valid, its signer as unknown.
"""

from __future__ import annotations

import datetime
import io
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cryptography import x509

SOURCE_TYPE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""What IPTC calls a picture made wholly by a trained model."""
SOFTWARE: Final = "Likeness"
_CHAIN_NAME: Final = "content-credentials.pem"
_KEY_NAME: Final = "content-credentials.key"
_YEARS: Final = 10


class SigningFailed(Exception):
    """A picture could not be signed or a certificate not be had; `str()` says why and what to do."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """A certificate chain, leaf first, and its ES256 key, both PEM. `self_made` when nobody vouches for it."""

    chain: bytes
    key: bytes = field(repr=False)
    self_made: bool = False


def load(chain: Path, key: Path) -> Credentials:
    """The operator's certificate chain and P-256 key from PEM files. Raises SigningFailed."""
    try:
        found = Credentials(chain.read_bytes(), key.read_bytes())
    except OSError as error:
        raise SigningFailed(
            f"The certificate for signing pictures could not be read ({error.strerror}: {error.filename}). "
            "Check the paths in .env, or remove them to sign with a self-made certificate."
        ) from error
    _check(found)
    return found


def self_made(folder: Path) -> Credentials:
    """The certificate kept in `folder`, made there at the first call (readable by their owner only).

    Raises SigningFailed when the folder cannot be written.
    """
    chain, key = folder / _CHAIN_NAME, folder / _KEY_NAME
    try:
        if not (chain.exists() and key.exists()):
            folder.mkdir(0o700, parents=True, exist_ok=True)
            made_chain, made_key = _make()
            _write(key, made_key)
            _write(chain, made_chain)
        found = Credentials(chain.read_bytes(), key.read_bytes(), self_made=True)
    except OSError as error:
        raise SigningFailed(
            f"No certificate for signing pictures could be kept in {folder} ({error.strerror}). "
            "Make the folder writable, or give a certificate of your own in .env."
        ) from error
    _check(found)
    return found


def sign(png: bytes, credentials: Credentials, *, title: str) -> bytes:
    """The PNG with a signed manifest; other chunks stay as they are. Raises SigningFailed."""
    import c2pa

    signed = io.BytesIO()
    try:
        info = c2pa.C2paSignerInfo(alg=b"es256", sign_cert=credentials.chain, private_key=credentials.key, ta_url=None)
        with c2pa.Signer.from_info(info) as signer, c2pa.Builder(json.dumps(_manifest(title))) as builder:
            builder.sign(signer, "image/png", io.BytesIO(png), signed)
    except (c2pa.C2paError, ValueError, TypeError, OSError) as error:
        raise SigningFailed(
            f"The picture was not signed: {error}. Check the certificate and its key; the picture itself is fine."
        ) from error
    return signed.getvalue()


def _manifest(title: str) -> dict[str, object]:
    made = {
        "action": "c2pa.created",
        "digitalSourceType": SOURCE_TYPE,
        "softwareAgent": {"name": f"{SOFTWARE} ({title})" if title else SOFTWARE},
    }
    return {
        "claim_generator_info": [{"name": SOFTWARE}],
        "title": "AI-generated portrait",
        "format": "image/png",
        # Else a claim of version 2 lists it among what was gathered from elsewhere, for which no signer stands up.
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [made]}, "created": True}],
    }


def _check(credentials: Credentials) -> None:
    """Raises SigningFailed when key and certificate do not belong together or are out of date."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        leaf = x509.load_pem_x509_certificate(credentials.chain)
        key = load_pem_private_key(credentials.key, password=None)
    except (ValueError, TypeError) as error:
        raise SigningFailed(
            f"The certificate or key for signing pictures is not PEM that can be read ({error}). The key must be "
            "without a password."
        ) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != leaf.public_key():
        raise SigningFailed("The key for signing pictures is not the P-256 key of the certificate given with it.")
    now = datetime.datetime.now(datetime.UTC)
    if not leaf.not_valid_before_utc <= now <= leaf.not_valid_after_utc:
        raise SigningFailed(
            f"The certificate for signing pictures is valid until {leaf.not_valid_after_utc:%Y-%m-%d} only."
        )


def _write(path: Path, content: bytes) -> None:
    """Write for this user alone, by way of a temporary name: a stop halfway never leaves half a key."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def _make() -> tuple[bytes, bytes]:
    """A certificate chain, leaf and issuer, and the leaf's key: C2PA refuses a leaf that signs itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    def named(common_name: str) -> x509.Name:
        organisation = x509.NameAttribute(NameOID.ORGANIZATION_NAME, f"{SOFTWARE}, self-made")
        return x509.Name([organisation, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])

    issuer_key, leaf_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer_name, leaf_name = named("Likeness self-made issuer"), named("Likeness portrait studio")
    start = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    end = start + datetime.timedelta(days=365 * _YEARS)

    def begun(subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, authority: bool) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer_name)
        builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(start).not_valid_after(end)
        return (
            builder.add_extension(
                x509.BasicConstraints(ca=authority, path_length=0 if authority else None), critical=True
            )
            .add_extension(_key_usage(authority=authority), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        )

    issuer = begun(issuer_name, issuer_key, authority=True).sign(issuer_key, hashes.SHA256())
    purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
    leaf = begun(leaf_name, leaf_key, authority=False).add_extension(purpose, critical=False)
    chain = leaf.sign(issuer_key, hashes.SHA256()).public_bytes(Encoding.PEM) + issuer.public_bytes(Encoding.PEM)
    return chain, leaf_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )

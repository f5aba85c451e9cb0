"""Content credentials (C2PA): says in a signed manifest how a picture came to be, and from which other. Blocking.

The operator brings a certificate, or one is made at first start; a self-made one reads as valid, its signer as unknown.
"""

from __future__ import annotations

import datetime
import io
import json
import os
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from engine.pictures.source_types import SourceType

if TYPE_CHECKING:
    from cryptography import x509

SOFTWARE: Final = "Likeness"
_CHAIN_NAME: Final = "content-credentials.pem"
_KEY_NAME: Final = "content-credentials.key"
_YEARS: Final = 10
_PARENT: Final = "parent"
_KINDS: Final = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff", "image/webp": b"RIFF"}
_MAKING: Final = threading.Lock()
"""Two at once would make a key and the certificate of another."""


class SigningFailed(Exception):
    """A picture could not be signed or a certificate not be had; `str()` says why and what to do."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """A certificate chain, leaf first, and its ES256 key, both PEM. `self_made` when nobody vouches for it."""

    chain: bytes
    key: bytes = field(repr=False)
    self_made: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a manifest says. Without a `parent` (an encoded picture, with its own manifest where it has one) the picture
    was created; with one that was opened, and `actions` (of C2PA's list) were done to it."""

    source: SourceType
    title: str = "AI-generated portrait"
    model_title: str = ""
    parent: bytes = field(default=b"", repr=False)
    parent_title: str = ""
    actions: tuple[str, ...] = ("c2pa.edited",)


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
        with _MAKING:
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


def sign(picture: bytes, credentials: Credentials, claim: Claim) -> bytes:
    """The PNG, JPEG or WebP with a signed manifest; the rest of the file stays as it is. Raises SigningFailed.

    Nothing of the picture that it was made from goes in but its hash and the manifest that it has itself.
    """
    import c2pa

    signed = io.BytesIO()
    try:
        info = c2pa.C2paSignerInfo(alg=b"es256", sign_cert=credentials.chain, private_key=credentials.key, ta_url=None)
        with (
            c2pa.Signer.from_info(info) as signer,
            # Else a small copy of each picture goes in, also of one that somebody handed in.
            c2pa.Context.from_dict({"builder": {"thumbnail": {"enabled": False}}}) as context,
            c2pa.Builder(json.dumps(_manifest(picture, claim)), context=context) as builder,
        ):
            if claim.parent:
                builder.add_ingredient(json.dumps(_ingredient(claim)), kind_of(claim.parent), io.BytesIO(claim.parent))
            builder.sign(signer, kind_of(picture), io.BytesIO(picture), signed)
    except (c2pa.C2paError, ValueError, TypeError, OSError) as error:
        raise SigningFailed(
            f"The picture was not signed: {error}. Check the certificate and its key; the picture itself is fine."
        ) from error
    return signed.getvalue()


def has_manifest(raw: bytes) -> bool:
    """Whether a picture from elsewhere seems to bring content credentials of its own."""
    return b"jumb" in raw and b"c2pa" in raw


def kind_of(raw: bytes) -> str:
    """The media type of a PNG, JPEG or WebP. Raises ValueError."""
    for kind, begins in _KINDS.items():
        if raw.startswith(begins):
            return kind
    raise ValueError("only a PNG, JPEG or WebP is signed")


def _ingredient(claim: Claim) -> dict[str, object]:
    return {"title": claim.parent_title, "relationship": "parentOf", "instance_id": _PARENT}


def _manifest(picture: bytes, claim: Claim) -> dict[str, object]:
    agent = {"name": f"{SOFTWARE} ({claim.model_title})" if claim.model_title else SOFTWARE}
    said = {"digitalSourceType": claim.source, "softwareAgent": agent}
    opened = {"action": "c2pa.opened", "parameters": {"ingredientIds": [_PARENT]}}
    made = [{"action": "c2pa.created", **said}]
    if claim.parent:
        made = [opened, *({"action": action, **said} for action in claim.actions)]
    return {
        "claim_generator_info": [{"name": SOFTWARE}],
        "title": claim.title,
        "format": kind_of(picture),
        # Else a claim of version 2 lists it among what was gathered from elsewhere, for which no signer stands up.
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": made}, "created": True}],
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

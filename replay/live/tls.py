"""TLS for wss:// (RFC 6455 §3, §10.6): which certificates to trust, and which one to present."""

from __future__ import annotations

import ssl
from pathlib import Path

from msgspec import Struct

from replay.source import SourceError, strerror


class Tls(Struct, frozen=True):
    """The user's options for the server's certificate and for ours."""

    ca: Path | None = None  # trust these CAs instead of the system's
    insecure: bool = False  # accept any certificate
    cert: Path | None = None  # the client's certificate, with its chain
    key: Path | None = None  # the private key of `cert`, if that file doesn't have it
    sni: str | None = None  # the name to request and to expect; None: the host

    def context(self) -> ssl.SSLContext:
        """The context for a connection. Raises SourceError for a file that can't be used."""
        context = ssl.create_default_context()
        if self.ca is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            try:
                context.load_verify_locations(self.ca)
            except (OSError, ssl.SSLError) as error:
                said = f"{self.ca}: {_words(error, 'expected certificates in PEM format')}"
                raise SourceError(None, said, "--ca names the certificates to trust", about="ca") from None
        if self.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self.cert is not None:
            load(context, self.cert, self.key)
        return context


def load(context: ssl.SSLContext, cert: Path, key: Path | None) -> None:
    """Present this certificate, with its chain and private key. Raises SourceError."""
    try:
        context.load_cert_chain(cert, key, password=_no_password)
    except (OSError, ssl.SSLError, ValueError) as error:
        files = " and ".join(str(file) for file in (cert, key) if file is not None)
        words = _words(error, "expected a certificate and its private key in PEM format")
        hint = "--cert names the certificate with its chain, and --key its private key if that is elsewhere"
        raise SourceError(None, f"{files}: {words}", hint, about="cert") from None


_TRUST = "trust it with --ca FILE, or use --insecure"
_REMEDIES = {
    10: "renew it, or use --insecure",  # it has expired
    62: "give a name that it is for with --sni NAME, or use --insecure",  # another host
    64: "give a name that it is for with --sni NAME, or use --insecure",  # another address
}
"""Remedies by OpenSSL's number for the error."""

REFUSED = (
    "the server ended the connection right after the TLS handshake; "
    "does it want a client certificate (--cert, --key)?"
)


def reason(error: ssl.SSLError) -> str:
    """Why TLS couldn't be established, and what to do, in one line."""
    if isinstance(error, ssl.SSLCertVerificationError):
        why = error.verify_message.rstrip(".")
        return f"the server's certificate was rejected: {why}; {_REMEDIES.get(error.verify_code, _TRUST)}"
    if error.reason == "WRONG_VERSION_NUMBER":
        return "the server does not speak TLS; should the URL begin with ws:// instead of wss://?"
    said = (error.reason or str(error)).lower().replace("_", " ")
    if "certificate required" in said or "handshake failure" in said:
        said += "; does the server want a client certificate (--cert, --key)?"
    return f"TLS failed: {said}"


def _words(error: Exception, otherwise: str) -> str:
    if isinstance(error, OSError) and not isinstance(error, ssl.SSLError) and error.strerror:
        return strerror(error)
    return otherwise if not isinstance(error, ValueError) or isinstance(error, ssl.SSLError) else str(error)


def _no_password() -> str:
    raise ValueError("the private key is encrypted; give one without a passphrase")

"""What a file is that somebody uploaded into the wrong place, for a refusal that helps. Nothing of it is repeated."""

import base64
import re
from codecs import BOM_UTF8
from typing import Any

import orjson
from cryptography import x509

from tenants.crypto import ber
from tenants.crypto.algorithms import ENVELOPED_DATA, SIGNED_DATA

DEP_TOKEN = "a DEP server token (.p7m)"
VPP_TOKEN = "a VPP content token (.vpptoken)"
PRIVATE_KEY = "a private key"
REQUEST = "a certificate signing request"
PEM_KINDS = {
    "CERTIFICATE": "a certificate",
    "CERTIFICATE REQUEST": REQUEST,
    "NEW CERTIFICATE REQUEST": REQUEST,
    "PUBLIC KEY": "a public key",
    "PKCS7": "a PKCS#7 message",
}
_PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----")
_BEGINNING = 4096  # bytes in which a text file shows what it is
LARGEST_TEXT = 256 * 1024  # no file of a known kind is larger


def kind_of(file: bytes) -> str:
    """A few words such as `a private key`; empty when it is nothing known."""
    text = file.strip()
    if not text:
        return "an empty file"
    return _pem_kind(text[:_BEGINNING]) or _text_kind(text) or _binary_kind(file)


def json_in_base64(file: bytes) -> dict[str, Any] | None:
    """The JSON object that a file holds in base64, whatever its line ends, and after a byte order mark."""
    if len(file) > LARGEST_TEXT:
        return None
    try:
        document = orjson.loads(base64.b64decode(b"".join(file.removeprefix(BOM_UTF8).split()), validate=True))
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _pem_kind(beginning: bytes) -> str:
    found = _PEM.search(beginning)
    label = found[1].decode() if found else ""
    return PRIVATE_KEY if label.endswith("PRIVATE KEY") else PEM_KINDS.get(label, "")


def _text_kind(text: bytes) -> str:
    beginning = text[:_BEGINNING].lower()
    if beginning.startswith((b"<!doctype html", b"<html")):
        return "a web page (HTML), perhaps the portal's log-in page"
    if beginning.startswith(b"<?xml"):
        return "an XML file"
    if b"application/pkcs7-mime" in beginning or b"application/x-pkcs7-mime" in beginning:
        return DEP_TOKEN
    if beginning.startswith(b"{"):
        return "a JSON text"
    document = json_in_base64(text)
    return VPP_TOKEN if document and "token" in document and {"expDate", "orgName"} & document.keys() else ""


def _binary_kind(file: bytes) -> str:
    try:
        parts = ber.parse(file[:LARGEST_TEXT]).elements(1)
        if parts[0].tag == ber.OBJECT_IDENTIFIER:
            return {ENVELOPED_DATA: DEP_TOKEN, SIGNED_DATA: "a signed message"}.get(parts[0].oid(), "")
        if parts[0].tag == ber.INTEGER:
            return "a PKCS#12 key store (.p12)" if parts[0].integer() == 3 else PRIVATE_KEY
    except ber.BerError:
        return ""
    for load, kind in (
        (x509.load_der_x509_certificate, "a certificate"),
        (x509.load_der_x509_csr, REQUEST),
    ):
        try:
            load(file)
        except (ValueError, x509.InvalidVersion):
            continue
        return kind
    return ""

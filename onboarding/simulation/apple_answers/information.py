"""What a device tells about itself.

Sources: Apple's "Device Information", "Security Info" and "Certificate List", and their YAML files
(``mdm/commands/information.*.yaml``, ``certificate.list.yaml``).
"""

from collections.abc import Mapping
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID

from onboarding.simulation.apple_answers.answer import Answer, required
from onboarding.simulation.apple_facts import device_information, security_information
from onboarding.simulation.apple_hardware import Hardware
from onboarding.simulation.apple_profile import read_profile
from onboarding.simulation.apple_state import DeviceState


def answer_device_information(command: Mapping[str, Any], hardware: Hardware, state: DeviceState) -> Answer:
    """Queries that the device does not know are left out of the answer."""
    queries = required(command, "Queries", list)
    known = device_information(hardware, state)
    return Answer(fields={"QueryResponses": {query: known[query] for query in map(str, queries) if query in known}})


def answer_security_info(_command: Mapping[str, Any], hardware: Hardware, state: DeviceState) -> Answer:
    return Answer(fields={"SecurityInfo": security_information(hardware, state)})


def answer_certificate_list(_command: Mapping[str, Any], _hardware: Hardware, state: DeviceState) -> Answer:
    entries = [_certificate_entry(certificate, is_identity=False) for certificate in _profile_certificates(state)]
    if state.management:
        entries.append(_certificate_entry(state.management.identity.certificate, is_identity=True))
    return Answer(fields={"CertificateList": entries})


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def _profile_certificates(state: DeviceState) -> list[x509.Certificate]:
    """The certificates that installed profiles brought; unreadable ones are left out."""
    certificates = []
    for installed in state.profiles:
        profile = read_profile(installed.data)
        for payload in (*profile.payloads("com.apple.security.root"), *profile.payloads("com.apple.security.pkcs1")):
            data = payload.get("PayloadContent", b"")
            try:
                load = x509.load_pem_x509_certificate if data[:5] == b"-----" else x509.load_der_x509_certificate
                certificates.append(load(data))
            except (ValueError, TypeError, KeyError):
                continue
    return certificates


def _certificate_entry(certificate: x509.Certificate, *, is_identity: bool) -> dict[str, Any]:
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return {
        "CommonName": str(names[0].value) if names else "",
        "Data": der(certificate),
        "IsIdentity": is_identity,
    }

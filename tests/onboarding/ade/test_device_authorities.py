"""Whose signature counts for a device's: pinned issuers, directly or through the chain that data allows."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from pytest_django import Settings

from onboarding.apple.device_authorities import (
    UnusableAuthorities,
    device_authorities,
    is_of_a_device,
    read_authorities,
)
from onboarding.apple.machine_info import StrangerError, read_machine_info
from onboarding.checks import device_authorities_file
from tenants.crypto.cms import CmsError, verify_signed
from tests.factories.ade import device_ca, machine_info, root, set_up_device, signed, trust
from tests.factories.cms_messages import Form, signed_message
from tests.factories.pki import Identity, ec_key, identity, pem

LONG_AGO = {"not_before": dt.datetime(2007, 1, 1, tzinfo=dt.UTC), "not_after": dt.datetime(2014, 1, 1, tzinfo=dt.UTC)}
BODY = machine_info("C02ABC123")
PLIST = b"<plist><dict><key>SERIAL</key><string>C02ABC123</string></dict></plist>"


def made(name: str, **fields: Any) -> Identity:
    """With an elliptic-curve key, which costs nothing to make."""
    return identity(name, key=ec_key(fields.pop("key", name)), **fields)


def trusted(signer: Identity, *carried: Identity) -> bool:
    """Whether a message of this signer that carries these certificates counts as a device's."""
    ders = (signer.der, *(each.der for each in carried))
    return is_of_a_device(verify_signed(signed(BODY, signer=signer, certificates=ders)))


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"digest": "sha1"},
        {"signed_attributes": False},
        {"indefinite": True},
        {"indefinite": True, "signed_attributes": False},
        {"by_key_identifier": True},
        {"algorithm": "sha256WithRSA"},
        {"unsigned_attributes": True},
    ],
)
def test_reads_every_form_that_devices_send(form: dict[str, Any]) -> None:
    assert read_machine_info(signed(BODY, **form)).serial == "C02ABC123"


def test_accepts_a_device_with_an_elliptic_curve_key() -> None:
    device = made("EC device in set-up", issuer=device_ca())
    assert read_machine_info(signed(BODY, signer=device)).serial == "C02ABC123"


def test_accepts_a_device_that_carries_its_own_certificate_alone() -> None:
    assert trusted(set_up_device())


def test_does_not_look_at_dates(settings: Settings, tmp_path: Path) -> None:
    authority = made("Expired CA", ca=True, **LONG_AGO)
    settings.ADE_DEVICE_CA_FILE = trust(tmp_path, pem(authority.certificate))
    assert trusted(made("Expired device", issuer=authority, **LONG_AGO), authority)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"embed": PLIST.replace(b"C02", b"C03")}, "not what was signed"),
        ({"embed": PLIST.replace(b"C02", b"C03"), "signed_attributes": False}, "does not match"),
        ({"signers": 0}, "0 signers"),
        ({"signers": 2}, "2 signers"),
        ({"digest_oid": "1.2.3.4"}, "digest algorithm 1.2.3.4"),
        ({"algorithm_oid": "1.2.3.4"}, "signature algorithm 1.2.3.4"),
        ({"certificates": ()}, "not in the message"),
        ({"claimed_digest": b"\0" * 32}, "not what was signed"),
        ({"content_type_attribute": "1.2.3.4"}, "content type"),
    ],
)
def test_refuses_a_signature_that_does_not_hold(change: dict[str, Any], words: str) -> None:
    with pytest.raises(CmsError, match=words):
        read_machine_info(signed(PLIST, **change))


def test_refuses_a_message_without_content() -> None:
    with pytest.raises(CmsError, match="no content"):
        read_machine_info(signed_message(set_up_device(), PLIST, Form()))


def test_refuses_another_issuer() -> None:
    other = made("Another CA", ca=True)
    with pytest.raises(StrangerError, match="CN=Somebody"):
        read_machine_info(signed(BODY, signer=made("Somebody", issuer=other)))


def test_refuses_an_issuer_of_the_same_name_with_another_key() -> None:
    impostor = made("Set-up Device CA", issuer=root(), ca=True, key="impostor")
    assert not trusted(made("Impostor's device", issuer=impostor), impostor, root())


def test_refuses_a_developer_under_the_root_of_the_device_authority() -> None:
    developers = made("Developer CA", issuer=root(), ca=True)
    assert not trusted(made("A developer", issuer=developers), developers, root())
    assert not trusted(made("A child of the root", issuer=root()), root())


def test_refuses_what_a_device_issued() -> None:
    forged = made("Issued by a device", issuer=set_up_device())
    assert not trusted(forged, set_up_device(), device_ca())


def test_refuses_a_certificate_that_nobody_else_signed() -> None:
    assert not trusted(made("Self-made"))


class TestThroughIntermediates:
    @pytest.fixture
    def chain(self) -> list[Identity]:
        """A device, two authorities, below the pinned one."""
        upper = made("Upper CA", issuer=device_ca(), ca=True)
        lower = made("Lower CA", issuer=upper, ca=True)
        return [made("Device of a chain", issuer=lower), lower, upper]

    @pytest.mark.parametrize(
        ("allowed", "trusts"), [("", False), ("Intermediates: 1\n", False), ("Intermediates: 2\n", True)]
    )
    def test_follows_as_many_as_the_file_says(
        self, settings: Settings, tmp_path: Path, chain: list[Identity], allowed: str, trusts: bool
    ) -> None:
        settings.ADE_DEVICE_CA_FILE = trust(tmp_path, f"About it\n{allowed}\n{pem(device_ca().certificate)}")
        assert trusted(*chain) is trusts

    def test_needs_each_of_them_carried(self, settings: Settings, tmp_path: Path, chain: list[Identity]) -> None:
        settings.ADE_DEVICE_CA_FILE = trust(tmp_path, f"Intermediates: 2\n{pem(device_ca().certificate)}")
        assert not trusted(chain[0], chain[1])
        assert not trusted(chain[0], chain[2])

    def test_none_of_them_may_be_a_device(self, settings: Settings, tmp_path: Path) -> None:
        settings.ADE_DEVICE_CA_FILE = trust(tmp_path, f"Intermediates: 2\n{pem(device_ca().certificate)}")
        assert not trusted(made("Issued by a device", issuer=set_up_device()), set_up_device())

    def test_many_certificates_are_not_tried(self, chain: list[Identity]) -> None:
        crowd = [made(f"Crowd {number}", ca=True, key="crowd") for number in range(9)]
        assert not trusted(set_up_device(), *crowd)


class TestTheFile:
    def test_ships_the_authority_that_apple_publishes(self, settings: Settings) -> None:
        settings.ADE_DEVICE_CA_FILE = ""
        (shipped,) = device_authorities()
        assert shipped.certificate.subject.rfc4514_string() == (
            "CN=Apple iPhone Device CA,OU=Apple iPhone,O=Apple Inc.,C=US"
        )
        assert shipped.certificate.fingerprint(hashes.SHA256()).hex() == (
            "76f27d00e1333bc88de0e2916c38c9a7f2b75774c25a794c092a80e3c4c66cce"
        )

    def test_the_chain_of_tests_counts_for_nobody_else(self, settings: Settings) -> None:
        settings.ADE_DEVICE_CA_FILE = ""
        assert not trusted(set_up_device(), device_ca(), root())

    def test_is_read_anew_when_it_changes(self, settings: Settings, tmp_path: Path) -> None:
        settings.ADE_DEVICE_CA_FILE = trust(tmp_path, pem(root().certificate))
        assert not trusted(set_up_device())
        trust(tmp_path)
        assert trusted(set_up_device())

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("", "no PEM certificate"),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "malformed"),
            (pem(set_up_device().certificate), "CN=A device in set-up,O=Example is no certificate authority"),
            (f"Intermediates: 4\n{pem(device_ca().certificate)}", "more than 3"),
        ],
    )
    def test_that_cannot_be_used_is_told_by_check(
        self, settings: Settings, tmp_path: Path, text: str, words: str
    ) -> None:
        settings.ADE_DEVICE_CA_FILE = trust(tmp_path, text or "nothing")
        with pytest.raises(UnusableAuthorities, match=words):
            read_authorities(text)
        assert [words in each.msg for each in device_authorities_file(None)] == [True]
        assert len(device_authorities()) == 1  # Apple's own goes on

    def test_that_is_missing_is_told_by_check(self, settings: Settings) -> None:
        settings.ADE_DEVICE_CA_FILE = "/nowhere/at-all.pem"
        assert "cannot be read" in device_authorities_file(None)[0].msg
        assert len(device_authorities()) == 1

    def test_is_fine_when_there_is_none(self, settings: Settings) -> None:
        settings.ADE_DEVICE_CA_FILE = ""
        assert device_authorities_file(None) == []

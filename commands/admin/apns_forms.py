"""The forms of the pages of APNs certificates."""

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget

from config.api.errors import ApplicationError
from tenants.admin.guide import FileField, GuideForm
from tenants.admin.guide_forms import TenantForm
from tenants.models import ApnsCertificate
from tenants.push_certificates import LARGEST

CERTIFICATE = ".pem,.cer,.crt,.der"
CONSENT = "Do it anyway. I have read what happens to the devices."


def _account() -> forms.CharField:
    return forms.CharField(
        max_length=254,
        label="Apple Account",
        help_text="The one that the certificate was made with at Apple. Only it can renew the certificate.",
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "placeholder": "mdm@example.org"}),
    )


class UploadForm(GuideForm):
    consent = CONSENT
    file = FileField(most=LARGEST, accept=CERTIFICATE, label="Certificate", help_text="The .pem file from the portal.")
    apple_id = _account()

    def __init__(self, row: ApnsCertificate, *args: Any) -> None:
        super().__init__(*args)
        self.initial = {"apple_id": row.apple_id}

    def refuse(self, error: ApplicationError) -> None:
        self.refused_at = "apple_id" if "apple_id" in error.content else "file"
        super().refuse(error)


class DeleteForm(GuideForm):
    """Nothing but the consent."""

    refused_at = None
    consent = CONSENT


class ImportForm(TenantForm):
    consent = CONSENT
    certificate = FileField(most=LARGEST, accept=CERTIFICATE, label="Certificate", help_text="PEM or DER.")
    key = FileField(
        most=LARGEST,
        accept=".pem,.key",
        label="Private key",
        help_text="PEM, RSA, without a passphrase. It is stored encrypted; delete your copy afterwards.",
    )
    apple_id = _account()

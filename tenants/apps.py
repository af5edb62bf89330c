from django.apps import AppConfig
from django.core.checks import register

from tenants.checks import encryption_keys, mail_server, vendor_certificate


class TenantsConfig(AppConfig):
    name = "tenants"
    verbose_name = "Tenants"

    def ready(self) -> None:
        register(encryption_keys)
        register(vendor_certificate, deploy=True)
        register(mail_server, deploy=True)

from django.apps import AppConfig
from django.core.checks import register

from tenants.checks import vendor_certificate


class TenantsConfig(AppConfig):
    name = "tenants"
    verbose_name = "Tenants"

    def ready(self) -> None:
        register(vendor_certificate, deploy=True)

from django.apps import AppConfig
from django.core.checks import register

from apps_domain.checks import apps_storage


class AppsDomainConfig(AppConfig):
    name = "apps_domain"
    verbose_name = "Apps"

    def ready(self) -> None:
        register(apps_storage, deploy=True)

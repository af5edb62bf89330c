from django.apps import AppConfig
from django.core.checks import register
from django.utils.module_loading import autodiscover_modules

from apps_domain.checks import apps_storage


class AppsDomainConfig(AppConfig):
    name = "apps_domain"
    verbose_name = "Apps"

    def ready(self) -> None:
        register(apps_storage, deploy=True)
        autodiscover_modules("uses")  # the rooms' modules that say what needs a version of an app

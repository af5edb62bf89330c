from django.apps import AppConfig


class AppsDomainConfig(AppConfig):
    name = "apps_domain"
    verbose_name = "Apps"

from django.apps import AppConfig
from django.core.checks import register

from onboarding.checks import anchor_certificates, device_authorities_file


class OnboardingConfig(AppConfig):
    name = "onboarding"
    verbose_name = "Onboarding"

    def ready(self) -> None:
        register(device_authorities_file)
        register(anchor_certificates)

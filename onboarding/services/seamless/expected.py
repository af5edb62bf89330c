"""Devices that are still expected, when what they are to get goes away."""

from django.utils import timezone

from devices.models import Blueprint, DeviceGroup
from onboarding.models import SeamlessRegistration
from onboarding.services.seamless.matching import hold_registrations_alone


def waiting_for(blueprint: Blueprint) -> dict[str, int]:
    """How many are to get this blueprint. Until the transaction ends, there will be no more."""
    hold_registrations_alone(blueprint.tenant_id)
    waiting = SeamlessRegistration.objects.filter(blueprint=blueprint, applied_at=None)
    return {"expected devices": waiting.count()}


def keep_blueprint_of(group: DeviceGroup) -> None:
    """Those that were to have a group's blueprint with the group are to have it as their own when the group goes."""
    hold_registrations_alone(group.tenant_id)
    waiting = SeamlessRegistration.objects.filter(group=group, applied_at=None, blueprint=None)
    told = DeviceGroup.objects.filter(pk=group.pk).values_list("effective_blueprint", flat=True).first()
    if told is not None:
        waiting.update(blueprint=told, updated_at=timezone.now())

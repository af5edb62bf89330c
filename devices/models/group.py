"""Device groups: a tree per tenant."""

import uuid

from django.db import models
from django.utils import timezone

from devices.models.blueprint import Blueprint
from tenants.models import Tenant


class DeviceGroup(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="device_groups")
    name = models.CharField(max_length=255)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    blueprint = models.ForeignKey(
        Blueprint, on_delete=models.RESTRICT, null=True, blank=True, related_name="+", help_text="Its own"
    )
    effective_blueprint = models.ForeignKey(
        Blueprint,
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        help_text="Its own, or else the nearest above it",
    )
    created_by = models.CharField(max_length=150, blank=True, editable=False)
    updated_by = models.CharField(max_length=150, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True, editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "parent", "name"],
                nulls_distinct=False,
                name="device_group_name_once_per_parent",
                violation_error_message="Another group at this place has this name.",
            ),
            models.CheckConstraint(condition=~models.Q(parent=models.F("id")), name="device_group_not_its_own_parent"),
        ]

    def __str__(self) -> str:
        return self.name

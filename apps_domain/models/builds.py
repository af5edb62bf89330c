"""What a version of an app that this server keeps is, whoever uploaded it."""

import uuid

from django.db import models
from django.utils import timezone

from apps_domain.models.files import StoredFile


class Build(models.Model):
    """An IPA or APK in the storage, and what was read from it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    file = models.OneToOneField(StoredFile, on_delete=models.PROTECT, related_name="+", editable=False)
    icon = models.OneToOneField(StoredFile, on_delete=models.PROTECT, null=True, related_name="+", editable=False)
    app_name = models.CharField(max_length=255, editable=False)
    version_name = models.CharField(max_length=64, blank=True, editable=False, help_text="CFBundleShortVersionString")
    build_number = models.CharField(max_length=64, editable=False, help_text="CFBundleVersion, or the version code")
    min_os_version = models.CharField(max_length=32, blank=True, editable=False)
    device_family = models.JSONField(default=list, editable=False, help_text="iphone, ipad, appletv …")
    chunk_hashes = models.JSONField(default=dict, editable=False, help_text="For Apple's manifest: size, sha256s")
    signing = models.JSONField(
        default=dict, editable=False, help_text="Of the provisioning profile: name, team, kind, devices, expires_at"
    )
    signing_expires_at = models.DateTimeField(null=True, editable=False)
    description = models.TextField(blank=True)
    release_notes = models.TextField(blank=True)
    created_by = models.CharField(max_length=150, blank=True, editable=False)
    updated_by = models.CharField(max_length=150, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        abstract = True

    @property
    def is_expired(self) -> bool:
        """Whether devices refuse it since its provisioning profile is over."""
        return self.signing_expires_at is not None and self.signing_expires_at <= timezone.now()

    def __str__(self) -> str:
        return f"{self.app_name} {self.version_name} ({self.build_number})"

"""Files in the storage, and whether anything still needs them: what a killed process left behind is found again."""

import uuid

from django.db import models
from django.utils import timezone


class StoredFile(models.Model):
    """The row comes before the file and goes after it, so no file is ever without one."""

    class State(models.TextChoices):
        WRITING = "writing"  # an upload is under way, or died
        KEPT = "kept"  # a version has it
        DOOMED = "doomed"  # its version is gone; the sweep deletes it

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=255, unique=True, editable=False, help_text="In the storage")
    state = models.CharField(max_length=8, choices=State, default=State.WRITING, editable=False)
    size = models.BigIntegerField(default=0, editable=False, help_text="Bytes")
    sha256 = models.CharField(max_length=64, blank=True, editable=False, help_text="Hex")
    changed_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=["writing", "kept", "doomed"]), name="file_state_known")
        ]
        indexes = [
            models.Index(  # the sweep
                fields=["changed_at"], condition=~models.Q(state="kept"), name="stored_file_to_sweep"
            )
        ]

    def __str__(self) -> str:
        return self.name

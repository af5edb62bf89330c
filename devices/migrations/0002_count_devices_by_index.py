"""A list's count needs the state, which the indexes lacked: PostgreSQL read every device for it."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("devices", "0001_initial")]

    operations = [
        AddIndexConcurrently(
            model_name="device",
            index=models.Index(fields=["tenant", "state", "platform", "id"], name="device_of_state"),
        ),
        AddIndexConcurrently(
            model_name="device",
            index=models.Index(fields=["tenant", "group", "state", "id"], name="device_in_group"),
        ),
        RemoveIndexConcurrently(model_name="device", name="device_of_group"),
    ]

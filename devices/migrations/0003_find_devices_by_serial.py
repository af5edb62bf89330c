"""The `serial` filter takes any case, which the unique constraint's index cannot serve."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Upper


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("devices", "0002_count_devices_by_index")]

    operations = [
        AddIndexConcurrently(
            model_name="device",
            index=models.Index(Upper("serial"), models.F("tenant"), name="device_by_serial"),
        ),
    ]

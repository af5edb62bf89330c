"""Rows of seamless provisioning name devices by their IMEIs."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.fields.json import KT


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("devices", "0009_name_the_taken_name")]

    operations = [
        AddIndexConcurrently(
            model_name="device",
            index=models.Index(
                KT("network_info__imei1"),
                models.F("tenant"),
                condition=models.Q(network_info__has_key="imei1"),
                name="device_by_imei1",
            ),
        ),
        AddIndexConcurrently(
            model_name="device",
            index=models.Index(
                KT("network_info__imei2"),
                models.F("tenant"),
                condition=models.Q(network_info__has_key="imei2"),
                name="device_by_imei2",
            ),
        ),
    ]

"""`blueprint_upgrade_status` is worked out when a device is read; nothing ever stored another than its default."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("devices", "0006_converge_status")]

    operations = [migrations.RemoveField(model_name="device", name="blueprint_upgrade_status")]

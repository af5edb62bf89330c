"""When a command last changed what is known of a device's profiles and apps."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("devices", "0007_derive_upgrade_status")]

    operations = [
        migrations.AddField(
            model_name="deviceinventory",
            name="changed_at",
            field=models.DateTimeField(help_text="When a command last changed what is known of these", null=True),
        ),
    ]

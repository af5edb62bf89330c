"""What a device's row knows of its latest converge."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("devices", "0005_blueprints")]

    operations = [
        migrations.AddField(
            model_name="device",
            name="converge_status",
            field=models.CharField(
                blank=True,
                choices=[("", "None"), ("OPEN", "Open"), ("FAILED", "Failed")],
                db_default="",
                default="",
                help_text="Of its latest converge; blank if that succeeded or there was none",
                max_length=8,
            ),
        ),
    ]

"""A group whose name is taken is told so in words."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("devices", "0008_inventory_changes"),
        ("tenants", "0006_store_country"),
    ]

    operations = [
        migrations.AlterConstraint(
            model_name="devicegroup",
            name="device_group_name_once_per_parent",
            constraint=models.UniqueConstraint(
                fields=("tenant", "parent", "name"),
                name="device_group_name_once_per_parent",
                nulls_distinct=False,
                violation_error_message="Another group at this place has this name.",
            ),
        ),
    ]

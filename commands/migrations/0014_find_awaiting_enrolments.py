from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("commands", "0013_release"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="appleenrolment",
            index=models.Index(
                condition=models.Q(("awaiting_configuration", True), ("enabled_at__isnull", False)),
                fields=["enabled_at"],
                name="apple_enrolment_awaiting",
            ),
        ),
    ]

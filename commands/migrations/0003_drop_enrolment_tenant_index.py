"""Every wake of a device wrote to this index; the constraint on tenant and enrolment id finds the same rows."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("commands", "0002_hot_tables")]

    operations = [
        migrations.AlterField(
            model_name="appleenrolment",
            name="tenant",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="tenants.tenant",
            ),
        ),
    ]

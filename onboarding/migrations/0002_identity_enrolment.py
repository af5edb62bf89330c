import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("commands", "0001_initial"),
        ("onboarding", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="identitycertificate",
            name="enrolment",
            field=models.ForeignKey(
                editable=False,
                help_text="Whose identity it is or was; never another one's",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="identities",
                to="commands.appleenrolment",
            ),
        ),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("commands", "0012_find_ended_converges"),
        ("devices", "0009_name_the_taken_name"),
        ("tenants", "0006_store_country"),
    ]

    operations = [
        migrations.AddField(
            model_name="appleenrolment",
            name="release_sent_at",
            field=models.DateTimeField(help_text="When it was last told that it is configured", null=True),
        ),
        migrations.AlterField(
            model_name="appleenrolment",
            name="awaiting_configuration",
            field=models.BooleanField(help_text="It waits in the set-up assistant", null=True),
        ),
    ]

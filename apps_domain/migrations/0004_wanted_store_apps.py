from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("apps_domain", "0003_take_over_locations"),
    ]

    operations = [
        migrations.AddField(
            model_name="storeapp",
            name="refresh_wanted_at",
            field=models.DateTimeField(
                editable=False, help_text="A caller was served this record when it was old", null=True
            ),
        ),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("apps_domain", "0001_apps"),
    ]

    operations = [
        migrations.AlterField(
            model_name="storeapp",
            name="refreshed_at",
            field=models.DateTimeField(
                editable=False,
                help_text="When Apple answered last; None: never asked, only ids are known",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="storeapp",
            name="refresh_not_before",
            field=models.DateTimeField(
                editable=False, help_text="Until then a worker is at it, or waits after a failure", null=True
            ),
        ),
        migrations.AddIndex(
            model_name="storeapp",
            index=models.Index(fields=["refreshed_at"], name="store_app_age"),
        ),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("apps_domain", "0002_refresh_store_apps")]

    operations = [
        migrations.AddField(
            model_name="vpplocation",
            name="take_over",
            field=models.BooleanField(default=False, editable=False, help_text="Claim it, whoever else has it"),
        ),
        migrations.AddField(
            model_name="vpplocation",
            name="trouble",
            field=models.CharField(
                blank=True, default="", editable=False, help_text="Of the last try; it goes on", max_length=255
            ),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="vpplocation",
            name="uid",
            field=models.CharField(
                editable=False, help_text="Apple's id of it; `token:…` until Apple told it", max_length=64
            ),
        ),
    ]

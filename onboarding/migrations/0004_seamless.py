import uuid

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("devices", "0009_name_the_taken_name"),
        ("onboarding", "0003_dep"),
        ("tenants", "0006_store_country"),
    ]

    operations = [
        migrations.CreateModel(
            name="SeamlessRow",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("line", models.PositiveIntegerField(editable=False, help_text="In the file, its header being 1")),
                (
                    "cells",
                    models.JSONField(
                        default=dict, editable=False, help_text="As they were read, by the names of the columns"
                    ),
                ),
                ("assigned_blueprint_id", models.UUIDField(editable=False, null=True)),
                ("group_id", models.UUIDField(editable=False, null=True)),
                ("alias", models.CharField(blank=True, editable=False, max_length=255)),
                ("unique_ids", models.CharField(blank=True, editable=False, max_length=1024)),
                (
                    "unique_id_type",
                    models.PositiveSmallIntegerField(
                        choices=[(1, "IMEI"), (2, "SERIAL"), (3, "UUID")], default=2, editable=False
                    ),
                ),
                (
                    "platform",
                    models.CharField(
                        choices=[("ANDROID", "Android"), ("APPLE", "Apple")],
                        default="APPLE",
                        editable=False,
                        max_length=16,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("IN_QUEUE", "In Queue"),
                            ("IN_PROGRESS", "In Progress"),
                            ("SUCCESS", "Success"),
                            ("FAILED", "Failed"),
                        ],
                        default="IN_QUEUE",
                        max_length=16,
                    ),
                ),
                ("meta", models.JSONField(editable=False, help_text="`reason` and `code` of a failure", null=True)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, help_text="Of its upload"),
                ),
                ("updated_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "ordering": ["line", "id"],
            },
        ),
        migrations.CreateModel(
            name="SeamlessRegistration",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("alias", models.CharField(blank=True, max_length=255)),
                (
                    "applied_at",
                    models.DateTimeField(editable=False, help_text="The device has it; none: not come yet", null=True),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("updated_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "blueprint",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="devices.blueprint",
                    ),
                ),
                (
                    "device",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="devices.device",
                    ),
                ),
                (
                    "group",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="devices.devicegroup",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="seamless_registrations",
                        to="tenants.tenant",
                    ),
                ),
                (
                    "row",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="onboarding.seamlessrow",
                    ),
                ),
            ],
            options={
                "ordering": ["-updated_at", "id"],
            },
        ),
        migrations.CreateModel(
            name="SeamlessUpload",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("API", "API: identifiers"),
                            ("API_FILE", "API: file"),
                            ("CONSOLE", "Console"),
                            ("COMMAND_LINE", "Command line"),
                        ],
                        max_length=16,
                    ),
                ),
                ("file_name", models.CharField(blank=True, editable=False, max_length=255)),
                (
                    "passed_over",
                    models.JSONField(
                        default=list, editable=False, help_text="Titles of columns that mean nothing here"
                    ),
                ),
                ("row_count", models.PositiveIntegerField(default=0, editable=False)),
                ("created_by", models.CharField(blank=True, editable=False, max_length=150)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "ended_at",
                    models.DateTimeField(editable=False, help_text="All its rows are SUCCESS or FAILED", null=True),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="seamless_uploads",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "id"],
            },
        ),
        migrations.AddField(
            model_name="seamlessrow",
            name="upload",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="rows",
                to="onboarding.seamlessupload",
            ),
        ),
        migrations.CreateModel(
            name="SeamlessIdentifier",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.PositiveSmallIntegerField(choices=[(1, "IMEI"), (2, "SERIAL"), (3, "UUID")])),
                ("value", models.CharField(max_length=128)),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
                (
                    "registration",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="identifiers",
                        to="onboarding.seamlessregistration",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "kind", "value"), name="seamless_identifier_once_per_tenant"
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="seamlessupload",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", True)), fields=["created_at"], name="seamless_upload_open"
            ),
        ),
        migrations.AddIndex(
            model_name="seamlessrow",
            index=models.Index(fields=["upload", "status", "line"], name="seamless_row_of_status"),
        ),
        migrations.AddIndex(
            model_name="seamlessrow",
            index=models.Index(fields=["tenant", "-created_at", "upload", "line"], name="seamless_row_of_tenant"),
        ),
        migrations.AddConstraint(
            model_name="seamlessrow",
            constraint=models.UniqueConstraint(fields=("upload", "line"), name="seamless_row_once_per_upload"),
        ),
    ]

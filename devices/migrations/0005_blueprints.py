"""Blueprints. What devices and groups are assigned become references; no release before could store such an id."""

import uuid

import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.db import migrations, models

import tenants.sealing


class Migration(migrations.Migration):
    dependencies = [
        ("devices", "0004_what_devices_report"),
        ("tenants", "0006_store_country"),
    ]

    operations = [
        migrations.CreateModel(
            name="AppliedSetting",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "part",
                    models.CharField(
                        help_text="Of the blueprint, such as `restrictions` or `app:com.example`", max_length=255
                    ),
                ),
                ("fingerprint", models.CharField(help_text="Of what it was given", max_length=64)),
                (
                    "details",
                    models.JSONField(default=dict, help_text="What its removal needs, such as a profile's identifier"),
                ),
                ("applied_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "ordering": ["part"],
            },
        ),
        migrations.CreateModel(
            name="Blueprint",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=255)),
                ("created_by", models.CharField(blank=True, editable=False, max_length=150)),
                ("updated_by", models.CharField(blank=True, editable=False, max_length=150)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="BlueprintImage",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("sha256", models.CharField(max_length=64)),
                ("content_type", models.CharField(max_length=32)),
                ("image", models.BinaryField()),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
        ),
        migrations.CreateModel(
            name="BlueprintVersion",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("version_number", models.PositiveIntegerField()),
                ("minor_version_number", models.PositiveIntegerField()),
                ("publish", models.BooleanField(default=False)),
                ("name", models.CharField(max_length=255)),
                ("description", models.TextField(blank=True)),
                ("comments", models.TextField(blank=True)),
                ("settings", models.JSONField(default=dict, help_text="By platform; secret values masked")),
                (
                    "secret_settings",
                    tenants.sealing.SealedField(
                        blank=True, help_text="JSON of the secret values, by their paths", null=True
                    ),
                ),
                ("created_by", models.CharField(blank=True, editable=False, max_length=150)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                "ordering": ["-version_number", "-minor_version_number"],
            },
        ),
        migrations.CreateModel(
            name="DeviceInventory",
            fields=[
                (
                    "device",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="inventory",
                        serialize=False,
                        to="devices.device",
                    ),
                ),
                ("information_at", models.DateTimeField(null=True)),
                ("profiles_at", models.DateTimeField(null=True)),
                ("apps_at", models.DateTimeField(null=True)),
                (
                    "asked_at",
                    models.DateTimeField(help_text="When it was last asked to tell all of it anew", null=True),
                ),
            ],
            options={
                "verbose_name_plural": "device inventories",
            },
        ),
        migrations.CreateModel(
            name="DriftReport",
            fields=[
                (
                    "device",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="drift",
                        serialize=False,
                        to="devices.device",
                    ),
                ),
                (
                    "differences",
                    models.JSONField(default=list, help_text="`setting`, `part`, `wanted`, `found`; secrets masked"),
                ),
                ("count", models.PositiveIntegerField(default=0)),
                ("checked_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.RemoveIndex(
            model_name="device",
            name="device_of_blueprint",
        ),
        migrations.RemoveField(
            model_name="device",
            name="assigned_blueprint_id",
        ),
        migrations.RemoveField(
            model_name="device",
            name="current_blueprint_id",
        ),
        migrations.RemoveField(
            model_name="device",
            name="current_blueprint_version_id",
        ),
        migrations.RemoveField(
            model_name="devicegroup",
            name="blueprint_id",
        ),
        migrations.AddField(
            model_name="appliedsetting",
            name="device",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="applied_settings",
                to="devices.device",
            ),
        ),
        migrations.AddField(
            model_name="blueprint",
            name="tenant",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="blueprints",
                to="tenants.tenant",
            ),
        ),
        migrations.AddField(
            model_name="device",
            name="assigned_blueprint",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                help_text="Its own; without one, its group's counts",
                null=True,
                on_delete=django.db.models.deletion.RESTRICT,
                related_name="+",
                to="devices.blueprint",
            ),
        ),
        migrations.AddField(
            model_name="device",
            name="current_blueprint",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="devices.blueprint",
            ),
        ),
        migrations.AddField(
            model_name="devicegroup",
            name="blueprint",
            field=models.ForeignKey(
                blank=True,
                help_text="Its own",
                null=True,
                on_delete=django.db.models.deletion.RESTRICT,
                related_name="+",
                to="devices.blueprint",
            ),
        ),
        migrations.AddField(
            model_name="devicegroup",
            name="effective_blueprint",
            field=models.ForeignKey(
                editable=False,
                help_text="Its own, or else the nearest above it",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="devices.blueprint",
            ),
        ),
        migrations.AddField(
            model_name="blueprintimage",
            name="tenant",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tenants.tenant"
            ),
        ),
        migrations.AddField(
            model_name="blueprintversion",
            name="blueprint",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="versions",
                to="devices.blueprint",
            ),
        ),
        migrations.AddField(
            model_name="blueprintversion",
            name="tenant",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tenants.tenant"
            ),
        ),
        migrations.AddField(
            model_name="blueprint",
            name="latest_version",
            field=models.ForeignKey(
                db_index=False,
                editable=False,
                help_text="Draft or published",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="devices.blueprintversion",
            ),
        ),
        migrations.AddField(
            model_name="blueprint",
            name="published_version",
            field=models.ForeignKey(
                db_index=False,
                editable=False,
                help_text="The one that devices converge to",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="devices.blueprintversion",
            ),
        ),
        migrations.AddField(
            model_name="device",
            name="current_blueprint_version",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="devices.blueprintversion",
            ),
        ),
        migrations.AddIndex(
            model_name="device",
            index=models.Index(
                condition=models.Q(("assigned_blueprint__isnull", False)),
                fields=["assigned_blueprint", "id"],
                name="device_of_blueprint",
            ),
        ),
        migrations.AddIndex(
            model_name="device",
            index=models.Index(
                condition=models.Q(("current_blueprint__isnull", False)),
                fields=["current_blueprint", "id"],
                name="device_at_blueprint",
            ),
        ),
        migrations.AddIndex(
            model_name="device",
            index=models.Index(
                condition=models.Q(("current_blueprint_version__isnull", False)),
                fields=["current_blueprint_version", "id"],
                name="device_at_blueprint_version",
            ),
        ),
        migrations.AddField(
            model_name="driftreport",
            name="blueprint_version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="devices.blueprintversion"
            ),
        ),
        migrations.AddField(
            model_name="driftreport",
            name="tenant",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tenants.tenant"
            ),
        ),
        migrations.AddConstraint(
            model_name="appliedsetting",
            constraint=models.UniqueConstraint(fields=("device", "part"), name="applied_setting_once_per_device"),
        ),
        migrations.AddConstraint(
            model_name="blueprintimage",
            constraint=models.UniqueConstraint(fields=("tenant", "sha256"), name="blueprint_image_once_per_tenant"),
        ),
        migrations.AddConstraint(
            model_name="blueprintversion",
            constraint=models.UniqueConstraint(
                fields=("blueprint", "version_number", "minor_version_number"), name="blueprint_version_once"
            ),
        ),
        migrations.AddIndex(
            model_name="blueprint",
            index=models.Index(fields=["tenant", "-created_at", "id"], name="blueprint_list"),
        ),
        migrations.AddConstraint(
            model_name="blueprint",
            constraint=models.UniqueConstraint(
                models.F("tenant"),
                django.db.models.functions.text.Lower("name"),
                name="blueprint_name_once_per_tenant",
                violation_error_message="Another blueprint of this tenant has this name.",
            ),
        ),
        migrations.AddIndex(
            model_name="driftreport",
            index=models.Index(
                condition=models.Q(("count__gt", 0)),
                fields=["tenant", "-count", "device"],
                name="drift_report_of_tenant",
            ),
        ),
        migrations.AddIndex(
            model_name="driftreport",
            index=models.Index(fields=["checked_at"], name="drift_report_age"),
        ),
    ]

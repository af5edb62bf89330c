"""Converges, their steps, and the declarations of Apple devices."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("commands", "0009_licence_holds"),
        ("devices", "0005_blueprints"),
        ("tenants", "0006_store_country"),
    ]

    operations = [
        migrations.CreateModel(
            name="AppleDeclarations",
            fields=[
                (
                    "device",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="declarations",
                        serialize=False,
                        to="devices.device",
                    ),
                ),
                ("token", models.CharField(blank=True, help_text="DeclarationsToken of the set", max_length=64)),
                (
                    "declarations",
                    models.JSONField(default=list, help_text="Identifier, Type, ServerToken, Payload of each"),
                ),
                ("previous", models.JSONField(default=list)),
                ("changed_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("seen_token", models.CharField(blank=True, help_text="The token it last asked for", max_length=64)),
                (
                    "status",
                    models.JSONField(default=dict, help_text="Status items as the device reported them, merged"),
                ),
                ("reported_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name_plural": "Apple declarations",
            },
        ),
        migrations.CreateModel(
            name="Converge",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("converge_with_provision_option", models.BooleanField(default=False)),
                ("reapply", models.BooleanField(default=False, help_text="Also what does not differ")),
                (
                    "cause",
                    models.CharField(
                        choices=[
                            ("caller", "Asked for"),
                            ("command", "Command"),
                            ("move", "Moved into a group"),
                            ("enrolment", "Enrolment"),
                        ],
                        default="caller",
                        max_length=16,
                    ),
                ),
                (
                    "schedule_type",
                    models.CharField(
                        choices=[("IMMEDIATE", "Immediate"), ("WINDOW", "Window")], default="IMMEDIATE", max_length=16
                    ),
                ),
                ("schedule_args", models.JSONField(blank=True, default=dict)),
                ("time_zone", models.CharField(default="UTC", help_text="In which its window is meant", max_length=64)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("QUEUED", "Queued"),
                            ("PROCESSING", "Processing"),
                            ("IN_PROGRESS", "In Progress"),
                            ("SUCCESS", "Success"),
                            ("FAILURE", "Failure"),
                        ],
                        default="QUEUED",
                        max_length=16,
                    ),
                ),
                ("reason", models.TextField(blank=True)),
                ("stage", models.PositiveSmallIntegerField(default=0, help_text="The last whose commands were sent")),
                ("not_before", models.DateTimeField(default=django.utils.timezone.now, help_text="When it may begin")),
                ("closes_at", models.DateTimeField(help_text="The end of its window", null=True)),
                (
                    "differences",
                    models.JSONField(default=list, help_text="What differed when it began; secrets masked"),
                ),
                ("created_by", models.CharField(blank=True, editable=False, max_length=150)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("ended_at", models.DateTimeField(null=True)),
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
                    "blueprint_version",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="devices.blueprintversion",
                    ),
                ),
                (
                    "command_status",
                    models.OneToOneField(
                        help_text="The row of a CONVERGE or UPDATE_BLUEPRINT command that it answers",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="converge",
                        to="commands.commandstatus",
                    ),
                ),
                (
                    "device",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="converges",
                        to="devices.device",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="converges",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "id"],
            },
        ),
        migrations.CreateModel(
            name="ConvergeStep",
            fields=[
                (
                    "request",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="step",
                        serialize=False,
                        to="commands.commandrequest",
                    ),
                ),
                ("number", models.PositiveIntegerField(help_text="Its place among all of the converge")),
                ("stage", models.PositiveSmallIntegerField(help_text="Sent when those of the stage before have ended")),
                ("part", models.CharField(help_text="Of the blueprint", max_length=255)),
                ("title", models.CharField(help_text="What it is about, for people", max_length=255)),
                (
                    "fingerprint",
                    models.CharField(blank=True, help_text="What is remembered when it has succeeded", max_length=64),
                ),
                ("is_removal", models.BooleanField(default=False)),
                ("details", models.JSONField(default=dict)),
                (
                    "converge",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="steps",
                        to="commands.converge",
                    ),
                ),
            ],
            options={
                "ordering": ["number"],
            },
        ),
        migrations.AddIndex(
            model_name="converge",
            index=models.Index(fields=["tenant", "-created_at", "id"], name="converge_list"),
        ),
        migrations.AddIndex(
            model_name="converge",
            index=models.Index(fields=["device", "-created_at", "id"], name="converge_of_device"),
        ),
        migrations.AddIndex(
            model_name="converge",
            index=models.Index(
                condition=models.Q(("status__in", ["QUEUED", "PROCESSING"])), fields=["not_before"], name="converge_due"
            ),
        ),
        migrations.AddIndex(
            model_name="converge",
            index=models.Index(
                condition=models.Q(("status", "IN_PROGRESS")), fields=["updated_at"], name="converge_running"
            ),
        ),
        migrations.AddConstraint(
            model_name="converge",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["QUEUED", "PROCESSING", "IN_PROGRESS", "SUCCESS", "FAILURE"])),
                name="converge_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="convergestep",
            constraint=models.UniqueConstraint(fields=("converge", "number"), name="converge_step_once"),
        ),
    ]

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import onboarding.models.enrolment


class Migration(migrations.Migration):
    dependencies = [
        ("devices", "0009_name_the_taken_name"),
        ("onboarding", "0002_identity_enrolment"),
        ("tenants", "0006_store_country"),
    ]

    operations = [
        migrations.AddField(
            model_name="enrolmentchallenge",
            name="serial",
            field=models.CharField(
                blank=True, editable=False, help_text="Of the one device it is good for", max_length=128
            ),
        ),
        migrations.CreateModel(
            name="DepProfile",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(help_text="As Apple is told it", max_length=125)),
                (
                    "token",
                    models.CharField(
                        default=onboarding.models.enrolment.new_link_token,
                        editable=False,
                        help_text="Of the enrolment URL",
                        max_length=64,
                        unique=True,
                    ),
                ),
                ("is_default", models.BooleanField(default=False, help_text="For devices that were given no other")),
                (
                    "show_setup_items",
                    models.JSONField(blank=True, default=list, help_text="Panes that are shown; none: all skipped"),
                ),
                (
                    "auto_advance_setup",
                    models.BooleanField(default=True, help_text="Apple TVs and Macs set up by themselves"),
                ),
                ("is_supervised", models.BooleanField(default=True)),
                ("is_mandatory", models.BooleanField(default=True, help_text="Nobody can skip enrolment")),
                (
                    "is_mdm_removable",
                    models.BooleanField(default=False, help_text="Whoever has the device can remove management"),
                ),
                ("allow_pairing", models.BooleanField(default=True, help_text="It may be paired with other computers")),
                (
                    "await_device_configured",
                    models.BooleanField(default=True, help_text="The set-up assistant waits for the first converge"),
                ),
                (
                    "language",
                    models.CharField(blank=True, help_text="ISO 639-1, such as en; for auto-advance", max_length=16),
                ),
                (
                    "region",
                    models.CharField(blank=True, help_text="ISO 3166-1, such as US; for auto-advance", max_length=16),
                ),
                ("department", models.CharField(blank=True, max_length=125)),
                ("support_phone_number", models.CharField(blank=True, max_length=50)),
                ("support_email_address", models.EmailField(blank=True, max_length=250)),
                (
                    "minimum_os_version",
                    models.CharField(
                        blank=True, help_text="iPhones and iPads that are older update before they enrol", max_length=32
                    ),
                ),
                (
                    "minimum_macos_version",
                    models.CharField(
                        blank=True, help_text="Macs that are older update before they enrol", max_length=32
                    ),
                ),
                ("created_by", models.CharField(blank=True, editable=False, max_length=150)),
                ("updated_by", models.CharField(blank=True, editable=False, max_length=150)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "group",
                    models.ForeignKey(
                        blank=True,
                        help_text="Where its devices land",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to="devices.devicegroup",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="dep_profiles", to="tenants.tenant"
                    ),
                ),
            ],
            options={
                "verbose_name": "DEP profile",
                "ordering": ["-created_at", "id"],
            },
        ),
        migrations.AddField(
            model_name="enrolmentchallenge",
            name="dep_profile",
            field=models.ForeignKey(
                help_text="Asked for in set-up",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="onboarding.depprofile",
            ),
        ),
        migrations.CreateModel(
            name="DepServer",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("server_key", models.CharField(editable=False, help_text="As on its tokens", max_length=64)),
                ("name", models.CharField(blank=True, editable=False, help_text="At Apple", max_length=255)),
                (
                    "account",
                    models.JSONField(default=dict, editable=False, help_text="Apple's account detail, without people"),
                ),
                (
                    "cursor",
                    models.TextField(blank=True, editable=False, help_text="Saved once all before it is stored"),
                ),
                ("cursor_at", models.DateTimeField(editable=False, null=True)),
                (
                    "fetch_began_at",
                    models.DateTimeField(
                        editable=False, help_text="Of the full list that is being read; none: changes are", null=True
                    ),
                ),
                (
                    "problem",
                    models.CharField(blank=True, editable=False, help_text="What somebody must mend", max_length=255),
                ),
                (
                    "problem_code",
                    models.CharField(blank=True, editable=False, help_text="Apple's word for it", max_length=64),
                ),
                ("problem_at", models.DateTimeField(editable=False, null=True)),
                (
                    "trouble",
                    models.CharField(
                        blank=True, editable=False, help_text="Of the last try; it goes on", max_length=255
                    ),
                ),
                ("sync_due_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "assign_due_at",
                    models.DateTimeField(editable=False, help_text="Profiles are to be assigned", null=True),
                ),
                ("claimed_at", models.DateTimeField(editable=False, help_text="A worker is at it since", null=True)),
                ("synced_at", models.DateTimeField(editable=False, null=True)),
                (
                    "token_seen_at",
                    models.DateTimeField(
                        editable=False, help_text="When the token was changed that made it due last", null=True
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "profile",
                    models.ForeignKey(
                        blank=True,
                        help_text="For its devices; without one, the tenant's default",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="servers",
                        to="onboarding.depprofile",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="dep_servers", to="tenants.tenant"
                    ),
                ),
            ],
            options={
                "verbose_name": "DEP server",
                "ordering": ["name", "id"],
            },
        ),
        migrations.CreateModel(
            name="DepProfileDefinition",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("profile_uuid", models.CharField(blank=True, editable=False, max_length=128)),
                (
                    "digest",
                    models.CharField(
                        blank=True, editable=False, help_text="SHA-256 of what Apple was told", max_length=64
                    ),
                ),
                (
                    "problem",
                    models.CharField(blank=True, editable=False, help_text="Why Apple did not take it", max_length=255),
                ),
                ("defined_at", models.DateTimeField(editable=False, null=True)),
                (
                    "profile",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="definitions",
                        to="onboarding.depprofile",
                    ),
                ),
                (
                    "server",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="definitions",
                        to="onboarding.depserver",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="DepDevice",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("serial", models.CharField(editable=False, max_length=128)),
                ("model", models.CharField(blank=True, editable=False, max_length=255)),
                ("description", models.CharField(blank=True, editable=False, max_length=255)),
                ("color", models.CharField(blank=True, editable=False, max_length=64)),
                ("asset_tag", models.CharField(blank=True, editable=False, max_length=128)),
                ("device_family", models.CharField(blank=True, editable=False, max_length=32)),
                ("os", models.CharField(blank=True, editable=False, max_length=32)),
                ("device_assigned_by", models.CharField(blank=True, editable=False, max_length=255)),
                ("device_assigned_at", models.DateTimeField(editable=False, null=True)),
                ("profile_status", models.CharField(blank=True, editable=False, max_length=16)),
                ("profile_uuid", models.CharField(blank=True, editable=False, max_length=128)),
                ("profile_assigned_at", models.DateTimeField(editable=False, null=True)),
                ("profile_pushed_at", models.DateTimeField(editable=False, null=True)),
                ("op_type", models.CharField(blank=True, editable=False, max_length=16)),
                ("op_at", models.DateTimeField(editable=False, null=True)),
                ("removed_at", models.DateTimeField(editable=False, help_text="It left the server", null=True)),
                (
                    "seen_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, help_text="When the page was read it is from"
                    ),
                ),
                (
                    "assigned_uuid",
                    models.CharField(blank=True, editable=False, help_text="Which of ours Apple took", max_length=128),
                ),
                (
                    "assign_result",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("SUCCESS", "Success"),
                            ("NOT_ACCESSIBLE", "Not Accessible"),
                            ("FAILED", "Failed"),
                            ("THROTTLED", "Throttled"),
                        ],
                        editable=False,
                        max_length=16,
                    ),
                ),
                ("assign_reason", models.CharField(blank=True, editable=False, max_length=255)),
                (
                    "assign_tries",
                    models.PositiveSmallIntegerField(default=0, editable=False, help_text="Without success, in a row"),
                ),
                ("assign_not_before", models.DateTimeField(editable=False, null=True)),
                ("assign_tried_at", models.DateTimeField(editable=False, null=True)),
                (
                    "device",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="dep_device", to="devices.device"
                    ),
                ),
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
                    "own_profile",
                    models.ForeignKey(
                        blank=True,
                        help_text="Instead of its server's or the tenant's",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="devices",
                        to="onboarding.depprofile",
                    ),
                ),
                (
                    "server",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="devices",
                        to="onboarding.depserver",
                    ),
                ),
            ],
            options={
                "verbose_name": "DEP device",
                "ordering": ["serial"],
            },
        ),
        migrations.CreateModel(
            name="DepSync",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("QUEUED", "Queued"),
                            ("INPROGRESS", "Inprogress"),
                            ("COMPLETE", "COMPLETE: some devices failed"),
                            ("FAILURE", "Failure"),
                            ("SUCCESS", "Success"),
                        ],
                        default="QUEUED",
                        max_length=16,
                    ),
                ),
                (
                    "cause",
                    models.CharField(
                        choices=[("CALLER", "Caller"), ("SCHEDULE", "Schedule"), ("TOKEN", "A token was uploaded")],
                        default="CALLER",
                        max_length=16,
                    ),
                ),
                ("failure_reason", models.TextField(blank=True, editable=False)),
                ("added", models.PositiveIntegerField(default=0, editable=False)),
                ("modified", models.PositiveIntegerField(default=0, editable=False)),
                ("deleted", models.PositiveIntegerField(default=0, editable=False)),
                (
                    "assigned",
                    models.PositiveIntegerField(
                        default=0, editable=False, help_text="Devices that were given a profile"
                    ),
                ),
                ("created_by", models.CharField(blank=True, editable=False, max_length=150)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("started_at", models.DateTimeField(editable=False, null=True)),
                ("ended_at", models.DateTimeField(editable=False, null=True)),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="dep_syncs", to="tenants.tenant"
                    ),
                ),
            ],
            options={
                "verbose_name": "DEP sync",
                "ordering": ["-created_at", "id"],
            },
        ),
        migrations.CreateModel(
            name="DepSyncFailure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("serial", models.CharField(editable=False, max_length=128)),
                ("reason", models.CharField(editable=False, max_length=255)),
                (
                    "sync",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="failures", to="onboarding.depsync"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.AddConstraint(
            model_name="depprofile",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_default", True)), fields=("tenant",), name="dep_profile_one_default"
            ),
        ),
        migrations.AddIndex(
            model_name="depserver",
            index=models.Index(fields=["sync_due_at"], name="dep_server_to_sync"),
        ),
        migrations.AddIndex(
            model_name="depserver",
            index=models.Index(
                condition=models.Q(("assign_due_at__isnull", False)),
                fields=["assign_due_at"],
                name="dep_server_to_assign",
            ),
        ),
        migrations.AddConstraint(
            model_name="depserver",
            constraint=models.UniqueConstraint(fields=("tenant", "server_key"), name="dep_server_once_per_tenant"),
        ),
        migrations.AddConstraint(
            model_name="depprofiledefinition",
            constraint=models.UniqueConstraint(fields=("profile", "server"), name="dep_profile_once_per_server"),
        ),
        migrations.AddIndex(
            model_name="depdevice",
            index=models.Index(fields=["server", "seen_at"], name="dep_device_of_server"),
        ),
        migrations.AddIndex(
            model_name="depdevice",
            index=models.Index(
                condition=models.Q(("removed_at__isnull", True)),
                fields=["server", "assigned_uuid"],
                name="dep_device_assigned",
            ),
        ),
        migrations.AddConstraint(
            model_name="depdevice",
            constraint=models.UniqueConstraint(fields=("tenant", "serial"), name="dep_device_once_per_tenant"),
        ),
        migrations.AddField(
            model_name="depserver",
            name="sync",
            field=models.ForeignKey(
                editable=False,
                help_text="Which took it up last",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="servers",
                to="onboarding.depsync",
            ),
        ),
        migrations.AddIndex(
            model_name="depsync",
            index=models.Index(fields=["tenant", "-created_at", "id"], name="dep_sync_list"),
        ),
        migrations.AddIndex(
            model_name="depsync",
            index=models.Index(fields=["ended_at"], name="dep_sync_age"),
        ),
        migrations.AddConstraint(
            model_name="depsync",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status__in", ["QUEUED", "INPROGRESS"])),
                fields=("tenant",),
                name="dep_sync_one_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="depsyncfailure",
            constraint=models.UniqueConstraint(fields=("sync", "serial"), name="dep_sync_failure_once"),
        ),
    ]

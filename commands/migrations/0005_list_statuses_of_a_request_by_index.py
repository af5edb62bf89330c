"""One index for a request's list, which had none and walked the tenant's whole list, and for its stats."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("commands", "0004_time_outs")]

    operations = [
        AddIndexConcurrently(
            model_name="commandstatus",
            index=models.Index(
                fields=["request", "-created_at", "id"], include=["state"], name="command_status_of_request"
            ),
        ),
        RemoveIndexConcurrently(model_name="commandstatus", name="command_status_stats"),
    ]

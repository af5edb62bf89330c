"""Room on each page for the rows that change most, so that PostgreSQL can update them in place."""

from django.db import migrations

FORWARD = """
ALTER TABLE commands_appleenrolment SET (fillfactor = 80);
ALTER TABLE devices_heartbeat SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE commands_commandstatus SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
"""
BACKWARD = """
ALTER TABLE commands_appleenrolment RESET (fillfactor);
ALTER TABLE devices_heartbeat RESET (fillfactor, autovacuum_vacuum_scale_factor);
ALTER TABLE commands_commandstatus RESET (fillfactor, autovacuum_vacuum_scale_factor);
"""


class Migration(migrations.Migration):
    dependencies = [("commands", "0001_initial"), ("devices", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]

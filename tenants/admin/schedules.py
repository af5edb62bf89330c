"""The beat's schedule (django-celery-beat) in the console's look."""

from django.contrib import admin
from django_celery_beat.admin import PeriodicTaskAdmin, PeriodicTaskForm, TaskSelectWidget
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from tenants.admin.base import ScopedAdmin
from tenants.models import Role

for model in (PeriodicTask, IntervalSchedule, CrontabSchedule, SolarSchedule, ClockedSchedule):
    admin.site.unregister(model)


class TaskWidget(UnfoldAdminSelectWidget, TaskSelectWidget):  # type: ignore[misc]
    """The registered tasks in a select that looks like the others."""


class ScheduleForm(PeriodicTaskForm):  # type: ignore[misc]
    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["task"].widget = UnfoldAdminTextInputWidget()
        self.fields["regtask"].widget = TaskWidget()


@admin.register(PeriodicTask)
class ScheduleAdmin(PeriodicTaskAdmin, ScopedAdmin):  # type: ignore[misc]
    """One by one by its form: the package's bulk actions would write past the audit log."""

    tenant_field = None
    change_role = add_role = delete_role = Role.ADMIN
    form = ScheduleForm
    actions = ()
    date_hierarchy = None
    change_form_template = None  # the package's carries an inline script
    list_display = ("name", "enabled", "task", "interval", "crontab", "last_run_at")
    list_filter = ("enabled",)


@admin.register(IntervalSchedule, CrontabSchedule, SolarSchedule, ClockedSchedule)
class TimingAdmin(ScopedAdmin):
    tenant_field = None
    change_role = add_role = delete_role = Role.ADMIN

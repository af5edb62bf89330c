"""The form of a blueprint's settings: what it shows, and what it reads out of what was typed."""

from typing import Any

from django.http import QueryDict

from commands.admin.settings_form import SettingsForm
from commands.blueprints.secrets import split_settings
from tenants.models import Tenant
from tests.factories.settings import ANDROID, IOS


def typed(form: SettingsForm, **more: Any) -> QueryDict:
    """What a browser sends of a form that nobody touched."""
    data = QueryDict(mutable=True)
    for name in form.fields:
        value = form[name].value()
        if value not in (None, False):
            data[name] = str(value)
    data["name"] = "Tills"
    data.update(more)
    return data


def test_a_form_that_nobody_touched_says_the_same(tenant: Tenant) -> None:
    masked, _ = split_settings({"ios": IOS, "android": ANDROID})

    form = SettingsForm(tenant, masked, data=typed(SettingsForm(tenant, masked)), files={})

    assert form.is_valid(), form.errors
    assert form.settings["ios"] == masked["ios"]
    assert form.settings["android"] == masked["android"]

"""Whatever comes as settings is either kept, and then kept the same when it is sent back, or is a 400."""

import copy
import json
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commands.blueprints.schema import GROUPS, read_settings
from config.api.errors import BadRequest
from tenants.models import Tenant
from tests.factories.settings import ANDROID, IOS

VALID = {"ios": IOS, "android": ANDROID}
KEYS = sorted({key for groups in GROUPS.values() for key in groups} | {"ios", "android", "linux", "windows"})
FIELDS = sorted({str(name) for groups in GROUPS.values() for group in groups.values() for name in group().fields})
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["ALWAYS APPLY", "********", "VPP", "latest", "\ud800", "\0", "https://a", "A" * 70_000])
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(KEYS + FIELDS) | st.text(max_size=8), inner, max_size=5)
    ),
    max_leaves=20,
)
quick = settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])


def read(tenant: Tenant, told: Any) -> dict[str, Any] | BadRequest:
    try:
        with transaction.atomic():
            return read_settings(tenant, told, before=copy.deepcopy(VALID))
    except BadRequest as error:
        return error


def check(tenant: Tenant, told: Any) -> None:
    kept = read(tenant, told)
    if isinstance(kept, BadRequest):
        assert kept.content
        assert json.dumps([kept.message, kept.content], ensure_ascii=False).encode()
    else:
        assert json.dumps(kept, allow_nan=False, ensure_ascii=False).encode()
        assert read_settings(tenant, kept) == kept


@pytest.mark.django_db
@quick
@given(told=JSON)
def test_any_json(tenant: Tenant, told: Any) -> None:
    check(tenant, told)


@pytest.mark.django_db
@quick
@given(data=st.data())
def test_valid_settings_with_something_else_in_one_place(tenant: Tenant, data: st.DataObject) -> None:
    told: Any = copy.deepcopy(VALID)
    platform = data.draw(st.sampled_from(sorted(told)))
    holder, key = told[platform], data.draw(st.sampled_from(sorted(told[platform])))
    while isinstance(holder[key], dict | list) and holder[key] and data.draw(st.booleans()):
        holder = holder[key]
        key = data.draw(st.sampled_from(sorted(holder) if isinstance(holder, dict) else range(len(holder))))
    holder[key] = data.draw(JSON)

    check(tenant, told)

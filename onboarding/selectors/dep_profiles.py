"""Reads about DEP profiles. Tenant first, always."""

import uuid

from django.db.models import OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from config.api.errors import NotFound
from config.api.fields import parse_id
from onboarding.models import DepProfile, DepProfileDefinition
from tenants.models import Tenant


def list_dep_profiles(tenant: Tenant) -> QuerySet[DepProfile]:
    """Latest first, each with `profile_uuid`: what the newest of Apple's servers that know it calls it; "" before."""
    known = DepProfileDefinition.objects.filter(profile=OuterRef("pk")).exclude(profile_uuid="")
    newest = Subquery(known.order_by("-server__created_at").values("profile_uuid")[:1])
    return DepProfile.objects.filter(tenant=tenant).annotate(profile_uuid=Coalesce(newest, Value("")))


def get_dep_profile(*, tenant: Tenant, profile_id: str | uuid.UUID) -> DepProfile:
    """NotFound when there is none, or it is another tenant's."""
    key = parse_id(str(profile_id))
    found = list_dep_profiles(tenant).filter(pk=key).first() if key else None
    if found is None:
        raise NotFound("No DEP profile has this id.")
    return found

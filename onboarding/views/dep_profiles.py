"""The DEP profile routes."""

from rest_framework.request import Request
from rest_framework.response import Response

from config.api.envelopes import enveloped
from config.api.openapi import enveloped as enveloped_schema
from config.api.openapi import operation, paged
from config.api.paging import page
from config.api.views import ApiViewSet, validated
from onboarding.models import DepProfile
from onboarding.selectors.dep_profiles import list_dep_profiles
from onboarding.serializers.dep_profiles import DepProfileInput, DepProfileOutput, dep_profile_document
from onboarding.services.dep.profiles import create_dep_profile
from tenants.authentication import caller_of

TAG = "DEP Profiles"


class DepProfileViewSet(ApiViewSet):
    needs_private_url = False
    queryset = DepProfile.objects.none()

    @operation(
        "listDepProfiles",
        "Get all DEP profiles",
        description="How devices of Apple Business Manager set themselves up, latest first. The query may name `limit` "
        "and `offset`.",
        tag=TAG,
        answer=enveloped_schema("DepProfileListAnswer", paged("DepProfilePage", DepProfileOutput)),
        answer_text="Lists all DEP profiles of a tenant",
    )
    def list(self, request: Request) -> Response:
        return enveloped(page(request, list_dep_profiles(caller_of(request).tenant), dep_profile_document))

    @operation(
        "createDepProfile",
        "Create a DEP profile",
        description="It is the tenant's default from then on: devices that were given no other are given this one, "
        "also those that have the default before it. Panes that are not named are skipped.",
        tag=TAG,
        request=DepProfileInput,
        answer=enveloped_schema("DepProfileAnswer", DepProfileOutput),
        answer_text="The profile",
        errors=(400, 401, 500),
    )
    def create(self, request: Request) -> Response:
        caller = caller_of(request)
        made = create_dep_profile(tenant=caller.tenant, actor=caller.actor, **validated(DepProfileInput, request))
        return enveloped(dep_profile_document(made), message="DEP profile created")

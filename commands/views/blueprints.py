"""The routes of blueprints and their versions. Publishing is a PUT with `publish`; no device changes by it."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from commands.blueprint_selectors import FILTERS, get_blueprint, get_version, list_blueprints, list_versions
from commands.blueprint_serializers import (
    BlueprintInput,
    BlueprintListInput,
    BlueprintOutput,
    BlueprintUpdateInput,
    ChangeOutput,
    VersionDiffInput,
    VersionListInput,
    blueprint_document,
    change_document,
    version_document,
)
from commands.blueprints.diff import version_differences
from commands.services.blueprints import create_blueprint, delete_blueprint, update_blueprint
from config.api.envelopes import enveloped
from config.api.openapi import enveloped as enveloped_schema
from config.api.openapi import operation, paged, paging, path, query
from config.api.paging import page
from config.api.views import ApiViewSet, validated
from devices.models import Blueprint
from tenants.authentication import caller_of

TAG = "Blueprints"
BACK = ("previous", "prev")
BLUEPRINT = path("blueprint_id", "ID of the blueprint", OpenApiTypes.UUID)
VERSION = path("version_id", "ID of the version", OpenApiTypes.UUID)
ANSWER = enveloped_schema("BlueprintAnswer", BlueprintOutput)
PAGE = enveloped_schema("BlueprintListAnswer", paged("BlueprintPage", BlueprintOutput, back=BACK))


def _settings_filters(*platforms: str) -> list[Any]:
    told = [(f"settings__{platform}__{name}", name) for platform, name in FILTERS if platform in platforms]
    return [query(full, OpenApiTypes.UUID, f"Whose settings name this {name[:-3]}") for full, name in told]


class BlueprintViewSet(ApiViewSet):
    needs_private_url = frozenset({"list"})
    tenant_header_is_uuid = True
    needs_body = True
    queryset = Blueprint.objects.none()

    @operation(
        "listBlueprints",
        "List blueprints",
        description="Each with its latest version. Settings are looked for in the latest and the published version.",
        tag=TAG,
        answer=PAGE,
        errors=(400, 401, 500),
        parameters=[
            *paging(OpenApiTypes.INT),
            query("ordering", description="Comma-separated names of fields; `-` reverses"),
            query("name", description="Part of the name, in any case"),
            query("name_exact"),
            *_settings_filters("android", "ios", "windows"),
        ],
    )
    def list(self, request: Request) -> Response:
        rows = list_blueprints(caller_of(request).tenant, **validated(BlueprintListInput, request))
        return enveloped(page(request, rows, blueprint_document, back=BACK))

    @operation(
        "createBlueprint",
        "Create a blueprint",
        description="Its first version is a draft, 0.1, unless `publish` makes it 1.0.",
        tag=TAG,
        request=BlueprintInput,
        answer=ANSWER,
        status=201,
        errors=(400, 401, 500),
    )
    def create(self, request: Request) -> Response:
        caller, told = caller_of(request), validated(BlueprintInput, request)
        made = create_blueprint(tenant=caller.tenant, actor=caller.actor, **told)
        return enveloped(blueprint_document(made), status=201, message="Blueprint created")

    @operation(
        "getBlueprint",
        "Get a blueprint",
        description="With its latest version, draft or published.",
        tag=TAG,
        answer=ANSWER,
        errors=(401, 404, 500),
        parameters=[BLUEPRINT],
    )
    def retrieve(self, request: Request, blueprint_id: str) -> Response:
        return enveloped(blueprint_document(get_blueprint(tenant=caller_of(request).tenant, blueprint_id=blueprint_id)))

    @operation(
        "updateBlueprint",
        "Update or publish a blueprint",
        description=(
            "Makes another version, unless nothing changes. What is absent stays as it is; `settings` are taken whole. "
            "A masked secret that is sent back stays what it is. Devices get a published version with their next "
            "converge, and no draft ever."
        ),
        tag=TAG,
        request=BlueprintUpdateInput,
        answer=ANSWER,
        errors=(400, 401, 404, 500),
        parameters=[BLUEPRINT],
    )
    def update(self, request: Request, blueprint_id: str) -> Response:
        caller = caller_of(request)
        get_blueprint(tenant=caller.tenant, blueprint_id=blueprint_id)
        told = validated(BlueprintUpdateInput, request)
        saved = update_blueprint(tenant=caller.tenant, actor=caller.actor, blueprint_id=blueprint_id, **told)
        return enveloped(blueprint_document(saved), message="Blueprint updated")

    @operation(
        "deleteBlueprint",
        "Delete a blueprint",
        description="With all its versions. Refused while it is assigned to a device or a group.",
        tag=TAG,
        answer=None,
        status=204,
        errors=(400, 401, 404, 500),
        parameters=[BLUEPRINT],
    )
    def destroy(self, request: Request, blueprint_id: str) -> Response:
        caller = caller_of(request)
        delete_blueprint(tenant=caller.tenant, actor=caller.actor, blueprint_id=blueprint_id)
        return Response(status=204)


class BlueprintVersionViewSet(ApiViewSet):
    needs_private_url = frozenset({"list"})
    tenant_header_is_uuid = True
    queryset = Blueprint.objects.none()

    @operation(
        "listBlueprintVersions",
        "List the versions of a blueprint",
        tag=TAG,
        answer=PAGE,
        errors=(400, 401, 404, 500),
        parameters=[
            BLUEPRINT,
            *paging(OpenApiTypes.INT),
            query("ordering", description="Comma-separated names of fields; `-` reverses"),
            query("version_number", OpenApiTypes.INT),
            query("publish", OpenApiTypes.BOOL, "Only published ones, or only drafts"),
            *_settings_filters("android", "ios"),
        ],
    )
    def list(self, request: Request, blueprint_id: str) -> Response:
        blueprint = get_blueprint(tenant=caller_of(request).tenant, blueprint_id=blueprint_id)
        rows = list_versions(blueprint, **validated(VersionListInput, request))
        return enveloped(page(request, rows, version_document, back=BACK))

    @operation(
        "getBlueprintVersion",
        "Get a version of a blueprint",
        tag=TAG,
        answer=ANSWER,
        errors=(401, 404, 500),
        parameters=[BLUEPRINT, VERSION],
    )
    def retrieve(self, request: Request, blueprint_id: str, version_id: str) -> Response:
        blueprint = get_blueprint(tenant=caller_of(request).tenant, blueprint_id=blueprint_id)
        return enveloped(version_document(get_version(blueprint, version_id=version_id)))

    @operation(
        "getBlueprintVersionDiff",
        "Get what a version of a blueprint changes",
        description="Field by field, against another version of the same blueprint.",
        tag=TAG,
        answer=enveloped_schema("BlueprintDiffAnswer", ChangeOutput(many=True)),
        errors=(400, 401, 404, 500),
        parameters=[
            BLUEPRINT,
            VERSION,
            query("against", OpenApiTypes.UUID, "ID of the version that is the side `before`", required=True),
        ],
    )
    def diff(self, request: Request, blueprint_id: str, version_id: str) -> Response:
        blueprint = get_blueprint(tenant=caller_of(request).tenant, blueprint_id=blueprint_id)
        after = get_version(blueprint, version_id=version_id)
        before = get_version(blueprint, version_id=validated(VersionDiffInput, request)["against"])
        return enveloped([change_document(change) for change in version_differences(before, after)])

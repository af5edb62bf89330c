"""The editor of blueprints: what is typed is judged by the service, and stays on the page until it is right."""

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from commands.admin.blueprint_diff import differences
from commands.admin.blueprint_display import version_label
from commands.admin.settings_form import SettingsForm
from commands.services.blueprints import create_blueprint, update_blueprint
from config.api.errors import ApplicationError, Conflict
from config.api.fields import parse_id
from devices.models import Blueprint, BlueprintVersion
from tenants.actors import console_actor
from tenants.admin import display
from tenants.models import Role, Tenant

if TYPE_CHECKING:
    from tenants.admin.base import ScopedAdmin

ADD_URL, EDIT_URL = "devices_blueprint_new", "devices_blueprint_edit"


class Editor:
    """One request for the editor's page. `blueprint`: None for a new one."""

    def __init__(self, page: "ScopedAdmin", request: HttpRequest, tenant: Tenant, blueprint: Blueprint | None) -> None:
        self.page, self.request, self.tenant, self.blueprint = page, request, tenant, blueprint
        self.latest = blueprint.latest_version if blueprint else None
        self.base = self._base()

    def _base(self) -> BlueprintVersion | None:
        """The version that the form was made from, which may not be the latest any more."""
        known = parse_id(self.request.POST.get("base", ""))
        if self.blueprint is None or known is None:
            return self.latest
        return BlueprintVersion.objects.filter(blueprint=self.blueprint, pk=known).first() or self.latest

    @property
    def is_outdated(self) -> bool:
        """Whether somebody saved meanwhile, and this user has not said that theirs counts."""
        if self.latest is None or self.base is None or self.base.pk == self.latest.pk:
            return False
        return self.request.POST.get("overwrite") != str(self.latest.pk)

    def answer(self) -> HttpResponse:
        known = self.base.settings if self.base else {}
        if self.request.method != "POST":
            return self._shown(SettingsForm(self.tenant, known, initial=self._initial()))
        form = SettingsForm(self.tenant, known, data=self.request.POST, files=self.request.FILES)
        is_valid = form.is_valid()  # fills `cleaned_data` in either case
        if "more" in self.request.POST:
            form.forgive()
            return self._shown(form)
        if not is_valid or form.is_refused or self.is_outdated:
            return self._shown(form)
        try:
            return self._saved(form)
        except Conflict:  # somebody saved between our look and our lock
            self.latest = BlueprintVersion.objects.filter(blueprint=self.blueprint).first()
        except ApplicationError as error:
            form.refuse(error)
        return self._shown(form)

    def _initial(self) -> dict[str, Any]:
        if self.latest is None:
            return {}
        told = {"name": self.latest.name, "description": self.latest.description}
        return {**told, "base": str(self.latest.pk)}

    def _saved(self, form: SettingsForm) -> HttpResponse:
        told: dict[str, Any] = {name: form.cleaned_data[name] for name in ("name", "description")}
        told |= {"settings": form.settings, "publish": "publish" in self.request.POST}
        told |= {"tenant": self.tenant, "actor": console_actor(self.request)}
        comments = form.cleaned_data["comments"]
        if self.blueprint is None:
            saved = create_blueprint(comments=comments, **told)
        else:
            same = self.latest is not None and form.settings == self.latest.settings
            saved = update_blueprint(
                blueprint_id=self.blueprint.pk,
                comments=None if same and not comments else comments,
                seen=self.latest.pk if self.latest else None,
                **told,
            )
        self._say(saved.latest_version)
        return redirect(self.page.url_of(saved))

    def _say(self, version: BlueprintVersion | None) -> None:
        assert version is not None  # saving made one, or there was one
        if self.latest is not None and version.pk == self.latest.pk:
            said = f"Nothing differs from version {version.number}, so none was made."
            self.page.message_user(self.request, said, messages.WARNING)
            return
        done = "published. Devices get it when they converge." if version.publish else "saved as a draft."
        self.page.message_user(self.request, f"Version {version.number} is {done}", messages.SUCCESS)

    def _shown(self, form: SettingsForm) -> HttpResponse:
        context = {
            **self.page.admin_site.each_context(self.request),
            "opts": self.page.opts,
            **(self.page.object_context(self.request, self.blueprint) if self.blueprint else {}),
            "media": self.page.media + form.media,
            "actions_detail": [],
            "title": f"Edit {self.blueprint.name}" if self.blueprint else f"New blueprint of {self.tenant}",
            "form": form,
            "platforms": form.platforms(),
            "base_label": version_label(self.base) if self.base else "",
            "back": self._back(),
            **(self._conflict() if form.is_bound and "more" not in self.request.POST else {}),
        }
        refused = form.is_refused or context.get("outdated")
        answer = TemplateResponse(self.request, "admin/devices/blueprint/edit.html", context)
        answer.status_code = 400 if refused and "more" not in self.request.POST else 200
        return answer

    def _back(self) -> str:
        if self.blueprint:
            return self.page.url_of(self.blueprint)
        return reverse("admin:devices_blueprint_changelist")

    def _conflict(self) -> dict[str, Any]:
        """What somebody else saved while this form was open."""
        if not self.is_outdated or self.latest is None or self.base is None:
            return {}
        return {
            "outdated": self.latest,
            "outdated_when": display.moment(self.latest.created_at),
            "rows": differences(self.base, self.latest),
        }


def edit_page(page: "ScopedAdmin", request: HttpRequest, blueprint: Blueprint) -> HttpResponse:
    return Editor(page, request, blueprint.tenant, blueprint).answer()


def new_page(page: "ScopedAdmin", request: HttpRequest) -> HttpResponse:
    """Asks for the tenant first when the user may do it for several."""
    tenants = page.choices_of(Tenant, request, Role.OPERATOR).order_by("name")
    asked = parse_id(request.GET.get("tenant", ""))
    if asked:
        tenants = tenants.filter(pk=asked)
    some = list(tenants[:2])
    if len(some) == 1:
        return Editor(page, request, some[0], None).answer()
    context = {
        **page.admin_site.each_context(request),
        "opts": page.opts,
        "title": "New blueprint: for which tenant?",
        "tenants": tenants,
    }
    return TemplateResponse(request, "admin/devices/blueprint/tenant.html", context)

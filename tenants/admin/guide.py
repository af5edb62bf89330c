"""Pages that guide through something done partly here and partly at Apple: numbered steps, some with a form.

A form's answer is judged by the same service as the API's; what that refuses is said at the form's field. A refusal
that force lifts is shown with a box to tick, which counts for that very refusal only.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from django import forms
from django.contrib import messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.api.errors import ApplicationError, NeedsForce, NotFound
from tenants.admin.base import ScopedAdmin
from tenants.admin.display import Facts


class FileInput(forms.FileInput):
    """The browser's own. The theme's script writes the file's name into the first text field three levels up: here."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        shown = super().render(name, value, attrs, renderer)
        return format_html('<div><input type="text" hidden disabled><div><div>{}</div></div></div>', shown)


class FileField(forms.FileField):
    """A file of so many bytes at most, read at once: `cleaned_data` holds its bytes."""

    def __init__(self, *, most: int, accept: str, **options: Any) -> None:
        super().__init__(widget=FileInput(attrs={"class": "mu-file", "accept": accept}), **options)
        self.most = most

    def clean(self, data: Any, initial: Any = None) -> Any:
        file = super().clean(data, initial)
        if file is None:
            return b""
        if file.size > self.most:
            raise forms.ValidationError(
                f"The file has {filesizeformat(file.size)}; such a file has no more than {filesizeformat(self.most)}."
            )
        try:
            return file.read()
        except ApplicationError as error:
            raise forms.ValidationError(error.message) from None


class GuideForm(forms.Form):
    """`refusal` is the mark of the last refusal if force would lift it: the value of the box to tick."""

    refused_at: str | None = "file"  # the field at which a service's refusal is shown; None: above all
    consent: ClassVar[str] = ""  # what one says by ticking the box
    refusal = ""

    def refuse(self, error: ApplicationError) -> None:
        self.add_error(self.refused_at, error.message[:1].upper() + error.message[1:])
        self.refusal = mark(error) if isinstance(error, NeedsForce) and self.consent else ""

    def consents_to(self, error: NeedsForce) -> bool:
        return bool(self.consent) and self.data.get("force") == mark(error)


State = Literal["done", "now", "later"]


@dataclass(frozen=True)
class Step:
    """`sentences` are escaped unless they are safe HTML. A button without a form is a link to `action_url`."""

    title: str
    sentences: Sequence[str] = ()
    state: State = "later"
    form: GuideForm | None = None
    button: str = ""
    action_url: str = ""  # empty: this page
    download: tuple[str, str] | None = None  # label and address
    facts: Facts = ()
    is_dangerous: bool = False

    @property
    def is_folded(self) -> bool:
        return self.state == "done" and not (self.form and self.form.errors)


def mark(error: NeedsForce) -> str:
    """Stands for a refusal's words: who consents to one has not consented to another."""
    return hashlib.sha256(error.message.encode()).hexdigest()[:32]


def submitted(form: GuideForm, write: Callable[[dict[str, Any], bool], str]) -> str | None:
    """What the service says (`write`: the form's data, whether to force); None if the form now says what is wrong.

    NotFound is not the form's fault: see `gone`.
    """
    if not form.is_valid():
        return None
    try:
        return _written(form, write)
    except NotFound:
        raise
    except ApplicationError as error:
        form.refuse(error)
        return None


def _written(form: GuideForm, write: Callable[[dict[str, Any], bool], str]) -> str:
    try:
        return write(form.cleaned_data, False)
    except NeedsForce as error:
        if not form.consents_to(error):
            raise
    return write(form.cleaned_data, True)


def gone(page: ScopedAdmin, request: HttpRequest) -> HttpResponse:
    """Back to the list: the object was deleted meanwhile, or never was this user's."""
    said = f"There is no such {page.opts.verbose_name}. Perhaps somebody has deleted it meanwhile."
    page.message_user(request, said, messages.WARNING)
    return redirect(f"admin:{page.opts.app_label}_{page.opts.model_name}_changelist")


def guide_page(
    page: ScopedAdmin,
    request: HttpRequest,
    obj: Model | None,
    *,
    title: str,
    steps: Sequence[Step],
    steps_title: str = "",
    cards: Sequence[tuple[str, Facts]] = (),
    notices: Sequence[tuple[str, str]] = (),
) -> TemplateResponse:
    """The steps, beside them cards of facts, above them notices (kind as of a label, and words); 400 after a refusal.

    `obj`: the object whose page it is, with its buttons; None: a page of the list.
    """
    context = {
        **page.admin_site.each_context(request),
        "opts": page.opts,
        "media": sum((step.form.media for step in steps if step.form), start=page.media),
        "title": title,
        "steps": steps,
        "steps_title": steps_title or ("" if obj else title),
        "cards": cards,
        "notices": notices,
        **(page.object_context(request, obj) if obj is not None else {}),
    }
    refused = any(step.form is not None and step.form.errors for step in steps)
    return TemplateResponse(request, "admin/guide.html", context, status=400 if refused else 200)

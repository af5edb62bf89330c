"""What travels by declarations: updates of the system, and their deferral since iOS 18.

A device has one set of declarations. What is for provisioning only stays in the set that it has, and comes into it by a
converge that provisions. What its system cannot be given is told by `impossible` parts.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from commands.apple.declarations import Declaration, declaration_set
from commands.blueprints.compile.parts import (
    ALWAYS,
    IGNORE,
    PROVISION_ONLY,
    Field,
    Part,
    Settings,
    Target,
    policy_of,
)
from commands.blueprints.os_updates import SETTING_OF, os_update_declarations, os_update_refusals
from commands.blueprints.plan import Stage

KEY = "declarations"
GROUPS = {"os_update_settings": "Update of the system", "defer_os_updates": "Deferral of updates"}


@dataclass(frozen=True, kw_only=True)
class DeclarationsPart(Part):
    always: tuple[Declaration, ...] = ()
    for_provisioning: tuple[Declaration, ...] = ()
    provisioning_fields: tuple[Field, ...] = ()

    def wanted(self, *, provision: bool, held: Iterable[str]) -> tuple[Declaration, ...]:
        """The whole set. `held`: identifiers of the declarations that the device has."""
        kept = set(held)
        more = [each for each in self.for_provisioning if provision or each.identifier in kept]
        return declaration_set([*self.always, *more])


def declarations(ios: Settings, target: Target) -> list[Part]:
    """Always one part, as a set that is to be empty is one too; then what cannot be."""
    by_policy = {
        policy: {name: ios[name] for name in GROUPS if name in ios and policy_of(ios[name]) == policy}
        for policy in (ALWAYS, PROVISION_ONLY)
    }
    always, provisioning = (os_update_declarations(dict(told), target.device()) for told in by_policy.values())
    part = DeclarationsPart(
        key=KEY,
        title="Updates of the system",
        fields=_carried(always, ios),
        stage=Stage.LOCK,
        always=always,
        for_provisioning=provisioning,
        provisioning_fields=_carried(provisioning, ios),
    )
    return [part, *_refused(ios, target)]


def _carried(made: Iterable[Declaration], ios: Settings) -> tuple[Field, ...]:
    groups = {SETTING_OF[each.identifier] for each in made}
    return tuple(field for name in GROUPS if name in groups for field in _fields(name, ios[name]))


def _refused(ios: Settings, target: Target) -> list[Part]:
    told = {name: ios[name] for name in GROUPS if policy_of(ios.get(name)) != IGNORE}
    return [
        Part(
            key=f"{KEY}:{name}",
            title=GROUPS[name],
            fields=tuple(_fields(name, ios[name])),
            is_for_provisioning=policy_of(ios[name]) == PROVISION_ONLY,
            impossible=reason,
        )
        for name, reason in os_update_refusals(told, target.device())
    ]


def _fields(name: str, group: Settings) -> list[Field]:
    return [Field(f"{name}.{key}", value) for key, value in group.items() if key != "apply_policy" and value]

"""How uploads and their rows look in the console."""

from dataclasses import dataclass

from django.utils.safestring import SafeString

from onboarding.models import SeamlessRow
from tenants.admin import display

Status = SeamlessRow.Status
NAMED = 4  # identifiers of one row


@dataclass(frozen=True)
class RowStanding:
    value: str
    words: str
    kind: str  # of its label
    css: str  # of its piece of a bar
    query: dict[str, str]  # of the list of rows


ROW_STANDINGS = (
    RowStanding("done", "registered", "success", "mu-bar-done", {"status__exact": Status.SUCCESS}),
    RowStanding("failed", "failed", "danger", "mu-bar-failed", {"status__exact": Status.FAILED}),
    RowStanding("waiting", "waiting", "info", "mu-bar-waiting", {"status__exact": Status.IN_QUEUE}),
)
WORDS = {
    Status.IN_QUEUE: ("waiting", "info"),
    Status.IN_PROGRESS: ("at work", "info"),
    Status.SUCCESS: ("registered", "success"),
    Status.FAILED: ("failed", "danger"),
}


def counts_of(total: int, *, waiting: int, failed: int) -> dict[str, int]:
    return {"done": max(0, total - waiting - failed), "failed": failed, "waiting": waiting}


def of_counts(counts: dict[str, int]) -> list[tuple[str, str, int]]:
    """As a bar takes them."""
    return [(each.words, each.css, counts[each.value]) for each in ROW_STANDINGS]


def row_label(row: SeamlessRow) -> SafeString:
    words, kind = WORDS[Status(row.status)]
    return display.label(words, kind)


def reason_of(row: SeamlessRow) -> str:
    return str((row.meta or {}).get("reason", ""))


def identifiers_of(row: SeamlessRow) -> SafeString:
    """Each on a line of its own."""
    named = [word.strip() for word in row.unique_ids.split(",") if word.strip()]
    more = [f"and {len(named) - NAMED} more"] if len(named) > NAMED else []
    return display.lines([*named[:NAMED], *more])

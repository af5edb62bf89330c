"""What /metrics tells."""

from typing import Any

from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

Labels = tuple[tuple[str, str], ...]


def scrape(**headers: Any) -> dict[tuple[str, Labels], float]:
    """Each figure by its name and its labels, in the order of the alphabet."""
    answer = Client().get("/metrics", **headers)
    assert answer.status_code == 200, answer.content
    families = text_string_to_metric_families(answer.content.decode())
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def figures(name: str, *, by: tuple[str, ...] = ()) -> dict[Any, float]:
    """Those of one name, by the values of these labels (of a single one: by its value)."""
    found: dict[Any, float] = {}
    for (told, labels), value in scrape().items():
        if told == name:
            key = tuple(dict(labels)[label] for label in by)
            found[key[0] if len(by) == 1 else key] = value
    return found

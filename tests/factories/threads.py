"""Several things at once, each with a database connection of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import connections, transaction
from django.db.models import Model

from tests.factories.waiting import until, waiting_for_locks


def all_at_once(*acts: Callable[[], object]) -> None:
    """Runs them in threads of their own; raises what any of them raises."""

    def run(act: Callable[[], object]) -> None:
        try:
            act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        for each in [pool.submit(run, act) for act in acts]:
            each.result(timeout=30)


def while_held(row: Model, first: Callable[[], object], second: Callable[[], object]) -> None:
    """Both wait, the first one for somebody who holds the row, before they may go on."""

    def hold() -> None:
        with transaction.atomic():
            type(row)._base_manager.select_for_update().get(pk=row.pk)
            held.append(True)
            until(lambda: waiting_for_locks() == 2)

    def then(act: Callable[[], object], others: int) -> Callable[[], object]:
        def run() -> None:
            until(lambda: bool(held) and waiting_for_locks() == others)
            act()

        return run

    held: list[bool] = []
    all_at_once(hold, then(first, 0), then(second, 1))

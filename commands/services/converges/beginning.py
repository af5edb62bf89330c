"""Taking what is queued and due."""


def begin_due_converges() -> int:
    return 0

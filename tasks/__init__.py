"""The world side: the work, the state it changes, how it is judged."""

TASK_SETS: dict[str, str] = {
    "stdlib": "tasks.stdlib:TASK_SET",
    "orders": "tasks.orders:TASK_SET",
    "ledger": "tasks.ledger:TASK_SET",
}
"""Name to where it is; `my_package.my_module:NAME` works in its place."""

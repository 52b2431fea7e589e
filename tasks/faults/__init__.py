"""What the world does wrong, a file each or each small family, and one line here.

A plan in a sweep (`tasks.faults.plan`) says which of them, where and how often.
"""

import importlib

from tasks.faults.fault import Fault, as_fault
from tasks.refused import Refused

FAULTS: dict[str, str] = {
    "timeout": "tasks.faults.before_effect:TIMEOUT",
    "rate_limited": "tasks.faults.before_effect:RATE_LIMITED",
    "server_error": "tasks.faults.before_effect:SERVER_ERROR",
    "connection_reset": "tasks.faults.before_effect:CONNECTION_RESET",
    "permission_denied": "tasks.faults.before_effect:PERMISSION_DENIED",
    "validation_error": "tasks.faults.before_effect:VALIDATION_ERROR",
    "lost_reply": "tasks.faults.after_effect:LOST_REPLY",
    "duplicated": "tasks.faults.after_effect:DUPLICATED",
    "wrong_value": "tasks.faults.values:WRONG_VALUE",
    "truncated": "tasks.faults.values:TRUNCATED",
    "rows_missing": "tasks.faults.values:ROWS_MISSING",
    "empty": "tasks.faults.values:EMPTY",
    "stale": "tasks.faults.stale:STALE",
    "renamed": "tasks.faults.schema_drift:RENAMED",
    "added": "tasks.faults.schema_drift:ADDED",
    "retyped": "tasks.faults.schema_drift:RETYPED",
    "no_op": "tasks.faults.no_op:NO_OP",
    "slow": "tasks.faults.load:SLOW",
    "token_bucket": "tasks.faults.load:TOKEN_BUCKET",
    "out_of_order": "tasks.faults.load:OUT_OF_ORDER",
}
"""Name to where it is. `my_package.my_module:fault` works in place of a name."""


def load_fault(name: str) -> Fault:
    """The fault called `name`, or at "package.module:name". `Refused` if there is none."""
    module, _, attribute = FAULTS.get(name, name).partition(":")
    if not attribute:
        known = ", ".join(FAULTS)
        raise Refused(
            f"there is no fault {name!r}; there are {known} (your own: my_package.my_module:name)"
        )
    try:
        found = getattr(importlib.import_module(module), attribute)
    except AttributeError:
        raise Refused(f"{name} cannot be used: {module} has no {attribute!r}") from None
    except (Exception, SystemExit) as error:
        told = " ".join(f"{type(error).__name__}: {error}".split())
        raise Refused(f"{name} cannot be imported: {told}") from error
    return as_fault(name, found)

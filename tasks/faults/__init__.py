"""What the world does wrong, a file each or each small family, and one line here.

A plan in a sweep (`tasks.faults.plan`) says which of them, where and how often.
"""

from tasks.faults.fault import Fault, as_fault
from tasks.finder import find

FAULTS: dict[str, str] = {
    "timeout": "tasks.faults.before_effect:TIMEOUT",
    "rate_limited": "tasks.faults.before_effect:RATE_LIMITED",
    "server_error": "tasks.faults.before_effect:SERVER_ERROR",
    "connection_reset": "tasks.faults.before_effect:CONNECTION_RESET",
    "permission_denied": "tasks.faults.before_effect:PERMISSION_DENIED",
    "validation_error": "tasks.faults.before_effect:VALIDATION_ERROR",
    "lost_reply": "tasks.faults.after_effect:LOST_REPLY",
    "duplicated": "tasks.faults.after_effect:DUPLICATED",
    "process_killed": "tasks.faults.after_effect:PROCESS_KILLED",
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
    "brief_line_lost": "tasks.faults.handed:BRIEF_LINE_LOST",
    "brief_line_altered": "tasks.faults.handed:BRIEF_LINE_ALTERED",
    "report_lost": "tasks.faults.handed:REPORT_LOST",
    "report_hollow": "tasks.faults.handed:REPORT_HOLLOW",
    "dropout": "tasks.faults.handed:DROPOUT",
    "model_rate_limited": "tasks.faults.model_channel:MODEL_RATE_LIMITED",
    "model_server_error": "tasks.faults.model_channel:MODEL_SERVER_ERROR",
    "model_timeout": "tasks.faults.model_channel:MODEL_TIMEOUT",
    "cut_off": "tasks.faults.model_channel:CUT_OFF",
    "malformed_call": "tasks.faults.model_channel:MALFORMED_CALL",
    "empty_reply": "tasks.faults.model_channel:EMPTY_REPLY",
    "refusal": "tasks.faults.model_channel:REFUSED",
}
"""Name to where it is. `my_package.my_module:fault` works in place of a name."""


def load_fault(name: str) -> Fault:
    """The fault called `name`, or at "package.module:name". `Refused` if there is none."""
    return as_fault(name, find("fault", name, FAULTS))

"""What was recorded and what it means: frames in; frames, charts and plain sentences out.

The two registries are plain dicts of names to where the function is ("module:function"), so that
importing `results` stays light. `results.finder.find` turns a name into the function; one's own are
handed in as they are.
"""

METRICS: dict[str, str] = {
    "score": "results.metrics:score",
    "false_claim_rate": "results.metrics:false_claim_rate",
    "silent_failures": "results.metrics:silent_failures",
    "right_refusals": "results.metrics:right_refusals",
    "invariants_broken": "results.metrics:invariants_broken",
    "limit_rate": "results.metrics:limit_rate",
    "prompt_tokens": "results.metrics:prompt_tokens",
    "cached_tokens": "results.metrics:cached_tokens",
    "completion_tokens": "results.metrics:completion_tokens",
    "reasoning_tokens": "results.metrics:reasoning_tokens",
    "tokens": "results.metrics:tokens",
    "tokens_per_pass": "results.metrics:tokens_per_pass",
    "dollars": "results.metrics:dollars",
    "dollars_per_pass": "results.metrics:dollars_per_pass",
    "dollars_uncached": "results.metrics:dollars_uncached",
    "dollars_uncached_per_pass": "results.metrics:dollars_uncached_per_pass",
    "beside_tokens": "results.metrics:beside_tokens",
    "beside_dollars": "results.metrics:beside_dollars",
    "seconds": "results.metrics:seconds",
    "seconds_per_pass": "results.metrics:seconds_per_pass",
    "model_calls": "results.metrics:model_calls",
    "tool_calls": "results.metrics:tool_calls",
    "agents": "results.metrics:agents",
}
"""Metric name to a function without arguments that gives a Polars expression.

The expression is aggregated over the graded trials of one group. Pass^k, intervals and ratios
need more than one group or more than Polars; `results.statistics.summary` adds them beside these.
"""

CHARTS: dict[str, str] = {
    "success_by_cell": "results.charts.success:success_by_cell",
    "pass_k_curves": "results.charts.success:pass_k_curves",
    "cost_and_success": "results.charts.costs:cost_and_success",
    "tokens_by_role": "results.charts.costs:tokens_by_role",
    "tokens_by_part": "results.charts.tokens:tokens_by_part",
    "passed_by_time": "results.charts.success:passed_by_time",
    "survival_over_steps": "results.charts.resilience:survival_over_steps",
    "success_over_budget": "results.charts.budget:success_over_budget",
}
"""Chart name to a function: a run (anything with its four frames) in, Altair chart out."""

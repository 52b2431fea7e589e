"""Which tools of tau-bench change its database: its files do not say, its source does.

From the tools of tau_bench/envs/airline and tau_bench/envs/retail.
"""

WRITE_TOOLS: dict[str, frozenset[str]] = {
    "tau_bench_airline": frozenset(
        (
            "book_reservation",
            "cancel_reservation",
            "send_certificate",
            "update_reservation_baggages",
            "update_reservation_flights",
            "update_reservation_passengers",
        )
    ),
    "tau_bench_retail": frozenset(
        (
            "cancel_pending_order",
            "exchange_delivered_order_items",
            "modify_pending_order_address",
            "modify_pending_order_items",
            "modify_pending_order_payment",
            "modify_user_address",
            "return_delivered_order_items",
        )
    ),
}
"""Task set to the tools that write."""

READ_TOOLS: dict[str, frozenset[str]] = {
    "tau_bench_airline": frozenset(
        (
            "get_reservation_details",
            "get_user_details",
            "list_all_airports",
            "search_direct_flight",
            "search_onestop_flight",
        )
    ),
    "tau_bench_retail": frozenset(
        (
            "find_user_id_by_email",
            "find_user_id_by_name_zip",
            "get_order_details",
            "get_product_details",
            "list_all_product_types",
        )
    ),
}
"""Task set to the tools that read."""

NEUTRAL_TOOLS = frozenset(("calculate", "think", "transfer_to_human_agents"))
"""In both sets: they neither read the database nor change it."""

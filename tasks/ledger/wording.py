"""How a task is put into words, in each phrasing, and what every agent is told.

`plain` and `paraphrased` say the same; `underspecified` is `plain` without the line that says how
accounts are named.
"""

from collections.abc import Sequence

from tasks.ledger.books import Trail

PHRASINGS = ("plain", "paraphrased", "underspecified")
NAMINGS = ("number", "holder")

INSTRUCTIONS = """\
You trace money through the books of a bank with the tools you have. Amounts are whole dollars.

A payment may pass on the money of an earlier one, less what was kept on the way. To pass a \
payment on is one step: from the account that got it, by the payment that names it as the one it \
passes on, to the next account. Other payments out of that account have nothing to do with it, \
even if they look alike.

A trail names a first payment, the account that got it, and a number of steps. Follow exactly that \
many steps, even where the money goes on from there. Answer one line per trail, `label: WHERE \
AMOUNT`, and nothing else on that line: the account where the money then is, and the amount of the \
payment that brought it there, in digits. Name accounts by their number (`A1234`) or by their \
holder's name as the books have it, as the task says. Where it does not say, either will do, but \
all lines must use the same one.

If the work cannot be done as asked, because a payment does not exist, because a trail ends before \
the steps do, or because the text contradicts itself, do not guess and do not answer a part of it: \
submit with status "blocked" and say why. Otherwise submit all lines with status "done".\
"""

OPENING = {
    "plain": (
        "Follow the money on these trails; look every step up.",
        "Answer each on one line, `K7: WHERE AMOUNT`.",
    ),
    "paraphrased": (
        "We need to know where some money went. Please find out from the books.",
        "Write what you find about each trail on a line of its own, as `K7: WHERE AMOUNT`.",
    ),
}
NAMED = {
    "plain": {"number": "Name accounts by number.", "holder": "Name accounts by holder."},
    "paraphrased": {
        "number": "Give every account by its number.",
        "holder": "Give every account by the name of its holder.",
    },
}
CLOSING = {
    "plain": "Then add the line `total: ` with the sum of all the amounts.",
    "paraphrased": "At the end put `total: ` and what all those amounts add up to.",
}
CONTRADICTION = ("Every account must be named by number.", "No account may be named by number.")


def item_line(label: str, trail: Trail, depth: int, phrasing: str) -> str:
    """A trail's line; steps are always stated."""
    steps = f"{depth} step{'' if depth == 1 else 's'}"
    start = trail.start
    if phrasing == "paraphrased":
        return (
            f"{label}: {start.account} received payment {start.payment}. Go on from there for "
            f"{steps}: in which account has the money landed, and what is left of it?"
        )
    return (
        f"{label}: Payment {start.payment} came to account {start.account}. Where is its money "
        f"after {steps}, and how much is it then?"
    )


def opening_lines(phrasing: str, naming: str, contradicted: bool) -> Sequence[str]:
    """What holds for the whole task. `naming` is how accounts are named, "" to leave it open."""
    voice = "paraphrased" if phrasing == "paraphrased" else "plain"
    told = (NAMED[voice][naming],) if naming else ()
    return (*OPENING[voice], *told, *(CONTRADICTION if contradicted else ()))


def closing_line(phrasing: str) -> str:
    """The last line, which asks for the sum."""
    return CLOSING["paraphrased" if phrasing == "paraphrased" else "plain"]

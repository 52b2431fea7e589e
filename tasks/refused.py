"""What the kit means to refuse: bad input, said in one line that tells what to do instead.

A class of its own, so that no error of the kit passes for one. `results` has the like: neither
package imports the other.
"""


class Refused(ValueError):  # noqa: N818
    """What was asked for cannot be; the text is one line for a person."""

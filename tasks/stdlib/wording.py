"""How a task is put into words, in each phrasing."""

from collections.abc import Mapping

from tasks.stdlib.lookups import Lookup

PHRASINGS = ("plain", "paraphrased", "underspecified")

_PLAIN = {
    ("parameters", True): "takes more parameters",
    ("parameters", False): "takes fewer parameters",
    ("defaults", True): "has more parameters with a default",
    ("defaults", False): "has fewer parameters with a default",
    ("docstring", True): "has the longer docstring, in lines",
    ("docstring", False): "has the shorter docstring, in lines",
    ("source", True): "has the longer source, in lines",
    ("source", False): "has the shorter source, in lines",
    ("methods", True): "defines more public methods itself",
    ("methods", False): "defines fewer public methods itself",
}
_THING = {
    "parameters": "number of parameters",
    "defaults": "number of parameters that have a default",
    "docstring": "count of lines in the docstring",
    "source": "count of lines of source",
    "methods": "number of public methods of its own",
}


def item_line(label: str, lookup: Lookup, naming: str, phrasing: str) -> str:
    """A lookup's line. `naming` is a style, or the name of the family whose style it takes."""
    if phrasing == "paraphrased":
        size = "largest" if lookup.most else "smallest"
        return (
            f"{label}: Put `{lookup.named}` beside the {lookup.kind} that says of itself "
            f'"{lookup.description}" and tell me which one has the {size} '
            f"{_THING[lookup.measure.name]}. {_naming(naming, 'Name it bare', 'Name it')}."
        )
    asked = _PLAIN[lookup.measure.name, lookup.most]
    return (
        f"{label}: Which {asked}: the {lookup.kind} described as "
        f'"{lookup.description}" or `{lookup.named}`? {_naming(naming, "Bare name", "Name")}.'
    )


def _naming(naming: str, bare: str, other: str) -> str:
    if naming == "bare":
        return bare
    return f"{other} qualified" if naming == "qualified" else f"{other} as in family {naming}"


def opening_lines(phrasing: str, families: Mapping[str, str], contradicted: bool) -> list[str]:
    """What holds for the whole task. `families` maps a family to its style, "" to leave it open."""
    if phrasing == "paraphrased":
        lines = [
            "I need some facts about Python's standard library. Do not trust memory; find out.",
            "Write the result of each point on a line of its own, as `L7: NAME NUMBER`: the name "
            "of the one that is picked, and its number.",
            "`json.dumps` is a qualified name, `dumps` is the same name bare.",
        ]
        lines += [
            f"Family {family} belongs together: its names are all {style}."
            for family, style in families.items()
        ]
    else:
        lines = [
            "Answer these lookups about the Python standard library; look everything up.",
            "Answer each on one line, `L7: NAME NUMBER`: the winner's name and its number.",
            "A qualified name is like `json.dumps`, a bare name like `dumps`.",
        ]
        lines += [
            f"Family {family} gives its names {style}."
            if style
            else f"Family {family} gives all its names in the same style."
            for family, style in families.items()
        ]
    if contradicted:
        lines.append("Every name in the answer must be qualified.")
        lines.append("No name in the answer may be qualified.")
    return lines


def closing_line(combination: str, phrasing: str) -> str:
    """The last line, which asks to combine the results."""
    if combination == "total":
        if phrasing == "paraphrased":
            return "At the end put `total: ` and what all those numbers add up to."
        return "Then add the line `total: ` with the sum of all the numbers."
    if phrasing == "paraphrased":
        return (
            "At the end put `most: ` and the label whose number is the biggest; "
            "should there be several, the one that comes first."
        )
    return "Then add the line `most: ` with the label of the largest number (the first if tied)."

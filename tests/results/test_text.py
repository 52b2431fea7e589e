"""What models, files and endpoints say is shown as text, in whatever medium."""

import json
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from results.text import code, markdown, visible

NASTY = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<!-- hidden -->",
    "</details>",
    "[a link](http://evil.example)",
    "![a picture](http://evil.example/x.png)",
    "[a][b]",
    "[a]: http://evil.example",
    "<http://evil.example>",
    "http://evil.example",
    "www.evil.example",
    "`rm -rf`",
    "``` \nblock",
    "a | b | c",
    "# heading",
    "- item",
    "1. item",
    "1) item",
    "> quote",
    "---",
    "===",
    "*em* **strong** _em_ __strong__ ~~gone~~",
    "&lt;b&gt; &#60; &copy;",
    "back\\slash \\* \\",
    "two\nlines\r\nthree",
    "- [x] done",
    "    indented",
]
SETTERS = "\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069\u200f\u061c"


def rendered(text: str) -> str:
    return MarkdownIt("gfm-like", {"linkify": False}).render(text)


def told(html: str) -> str:
    """The text of one paragraph of HTML, in which nothing else may be."""
    assert re.fullmatch(r"(<p>[^<]*</p>\n)?", html), html
    for entity, letter in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
        html = html.replace(entity, letter)
    return html.removeprefix("<p>").removesuffix("</p>\n")


@pytest.mark.parametrize("text", NASTY)
def test_markdown_shows_what_was_said_and_does_nothing_else(text: str) -> None:
    assert told(rendered(markdown(text))).split() == " ".join(text.splitlines()).split()


@given(st.text(alphabet="ab1 .)(!-+=#>*_`~|[]<>&;:\\/\n\x1bw", max_size=30))
def test_no_text_is_markup_in_markdown(text: str) -> None:
    shown = told(rendered("say: " + markdown(text)))
    assert shown.split() == ("say: " + visible(" ".join(text.splitlines()))).split()


@given(st.text(alphabet="a1 .)!-+=#>*_`~|[]<&:\\/", max_size=12))
def test_no_text_begins_a_block_of_markdown(text: str) -> None:
    assert told(rendered(markdown(text.strip()))).split() == text.split()


@pytest.mark.parametrize("text", NASTY)
def test_a_cell_of_a_table_stays_one_cell(text: str) -> None:
    html = rendered(f"| a | b |\n|:--|:--|\n| {markdown(text)} | last |")
    assert html.count("<td") == 2
    assert not re.search("<(script|a|img|input)", html)


@pytest.mark.parametrize("text", NASTY)
def test_code_shows_what_was_said(text: str) -> None:
    html = rendered(code(text))
    assert re.fullmatch(r"<p><code>[^<]*</code></p>\n", html)


@pytest.mark.parametrize("letter", ["\x1b", "\r", "\x00", "\x07", "\x7f", "\x9b", *SETTERS])
def test_what_a_terminal_obeys_is_spelt_out(letter: str) -> None:
    assert visible(f"a{letter}b") == f"a\\u{ord(letter):04x}b"


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_nothing_unseen_is_left_and_json_keeps_its_meaning(text: str) -> None:
    shown = visible(text)
    kinds = {unicodedata.category(letter) for letter in shown if letter not in "\n\t"}
    assert not kinds & {"Cc", "Cs", "Zl", "Zp"}
    assert json.loads(visible(json.dumps(text, ensure_ascii=False))) == text


def test_plain_words_stay_as_they_are() -> None:
    for text in ("single_thread passed 72.4% (60.1 to 81.2)", "größer, 日本", "p < 0.001"):
        assert visible(text) == text
        assert markdown(text) == text

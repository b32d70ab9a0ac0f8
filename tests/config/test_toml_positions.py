"""The lines of keys in TOML texts of every shape."""

from __future__ import annotations

from typing import Any

import tomli
from hypothesis import given
from hypothesis import strategies as st

from telespool.config.toml_positions import places

TEXT = '''\
top = """
not = "a key"
[nor a table]
""" # and = this is a comment
"quoted.key" = 'x' # one
[a.b]  # [c]
list = [ # many = lines
  "x = 1", [2,
  3], { inner = 4 },
]
inline = { one = 1, two.three = """]
}""", four = {five = 5} }
dotted.key = 1979-05-27 07:32:00Z
literal = \'\'\'
quotes\'\'\'\'\'
after = 1
[[tables]]
name = "first"
[[tables]]
name = "second"
'''


def test_every_shape_of_key_is_found_on_its_line() -> None:
    """Multi-line strings, arrays, inline tables, quoted and dotted keys do not put the count off."""
    assert places(TEXT) == {
        ("top",): 1,
        ("quoted.key",): 5,
        ("a",): 6,
        ("a", "b"): 6,
        ("a", "b", "list"): 7,
        ("a", "b", "list", "inner"): 9,
        ("a", "b", "inline"): 11,
        ("a", "b", "inline", "one"): 11,
        ("a", "b", "inline", "two"): 11,
        ("a", "b", "inline", "two", "three"): 11,
        ("a", "b", "inline", "four"): 12,
        ("a", "b", "inline", "four", "five"): 12,
        ("a", "b", "dotted"): 13,
        ("a", "b", "dotted", "key"): 13,
        ("a", "b", "literal"): 14,
        ("a", "b", "after"): 16,
        ("tables",): 17,
        ("tables", "name"): 18,
    }
    tomli.loads(TEXT)


NAMES = st.text("abcdefghij-_", min_size=1, max_size=6)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.integers()
    | st.booleans()
    | st.text("ab=\"\\'#[]{},.\n é", max_size=20)
    | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(NAMES, VALUES, max_size=6))
def test_the_walk_agrees_with_the_parser(values: dict[str, Any]) -> None:
    """Whatever values stand between them, each key is found on the line it was written on."""
    text, lines = "", {}
    for name, value in values.items():
        lines[name] = text.count("\n") + 1
        text += f"{name} = {_toml(value)}\n"
    assert tomli.loads(text).keys() == values.keys()
    assert {key[0]: line for key, line in places(text).items() if len(key) == 1} == lines


@given(st.text("[]{}=\"\\'#\n.a1, ", max_size=40))
def test_the_walk_ends_on_any_text(text: str) -> None:
    """A text that is no TOML gives nonsense, never an endless walk or an error."""
    places(text)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        escaped = "".join(
            f"\\U{ord(sign):08x}" if ord(sign) < 32 or sign in '"\\\x7f' else sign for sign in value
        )
        return f'"{escaped}"' if len(value) % 2 else f'"""\n{escaped}"""'
    if isinstance(value, list):
        return "[\n" + "".join(f"  {_toml(each)}, # ]\n" for each in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {_toml(each)}" for name, each in value.items()) + "}"
    return repr(value)

"""What a person may paste to name a proxy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telespool.cli.proxy_link import objection, read

KEY = "0123456789abcdef" * 2


@pytest.mark.parametrize(
    ("text", "address", "secret"),
    [
        (f"https://t.me/proxy?server=proxy.example.org&port=443&secret={KEY}", "mtproxy://proxy.example.org:443", KEY),
        (f"tg://proxy?server=192.0.2.1&port=8443&secret=dd{KEY}", "mtproxy://192.0.2.1:8443", f"dd{KEY}"),
        (f" t.me/proxy?port=443&server=a.example&secret={KEY}\n", "mtproxy://a.example:443", KEY),
        (
            "https://telegram.me/socks?server=2001:db8::1&port=1080&user=ann&pass=pa%26ss",
            "socks5://ann@[2001:db8::1]:1080",
            "pa&ss",
        ),
        ("tg://socks?server=a.example&port=1080", "socks5://a.example:1080", ""),
        ("socks5://ann:p%40ss@a.example:1080", "socks5://ann@a.example:1080", "p@ss"),
        ("socks5://[2001:db8::1]:1080", "socks5://[2001:db8::1]:1080", ""),
    ],
)  # fmt: skip
def test_what_is_understood(text: str, address: str, secret: str) -> None:
    assert read(text) == (address, secret)
    assert objection(text) == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a.example", "Give a link"),
        ("https://example.org/proxy?server=a&port=1", "Give a link"),
        ("https://t.me/proxy?server=a.example", "Give a link"),
        ("http://[", "Give a link"),
        ('socks5://a"b:1080', "Give a link"),
        ("socks5://a.example:99999", "Give a link"),
        ("https://t.me/socks?server=a.example&port=0", "must be"),
        ("https://t.me/proxy?server=a.example&port=443", "what its link says after secret="),
        ("https://t.me/proxy?server=a.example&port=443&secret=short", "not one of an MTProxy"),
    ],
)
def test_what_is_not(text: str, said: str) -> None:
    """The objection tells what is wrong with it."""
    assert said in objection(text)


@given(st.text(max_size=80))
def test_whatever_is_typed(text: str) -> None:
    """Nothing that a person can type ends the program."""
    objection(text)
    objection(f"https://t.me/proxy?server={text}&port={text}&secret={text}")
    objection(f"socks5://{text}")

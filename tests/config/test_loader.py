"""Reading the configuration: defaults, every type of value, and every mistake at once."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from telespool.config import loader
from telespool.config.loader import example, find, load, parse
from telespool.config.schema import Config
from telespool.errors import ConfigError

ROOT = Path(__file__).parents[2]


def problems(text: str, where: str = "config.toml") -> list[str]:
    """Give the sentences that this text earns."""
    with pytest.raises(ConfigError) as caught:
        parse(text, where)
    return list(caught.value.problems)


def test_the_committed_example_is_the_one_the_program_writes() -> None:
    """config.example.toml cannot fall behind the dataclasses."""
    assert (ROOT / "config.example.toml").read_text() == example()


def test_the_example_gives_the_defaults_commented_out_and_taken_in() -> None:
    """Read as it is, or with every # before a key taken away, the example changes nothing."""
    assert load(ROOT / "config.example.toml") == Config()
    taken_in = re.sub(r"(?m)^#(?=\w+ = |\[)", "", example())
    assert taken_in.count("\n") == example().count("\n")
    assert parse(taken_in, "/etc/telespool/config.toml") == Config()


def _blocks() -> list[tuple[str, str]]:
    """Every block of TOML in the documentation, with where it stands."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    found = []
    for page in pages:
        text = page.read_text()
        blocks = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
        blocks += re.findall(r"config\.toml <<'END'\n(.*?)END\n", text, re.DOTALL)
        found += [(f"{page.name} {number}", block) for number, block in enumerate(blocks, 1)]
    return found


@pytest.mark.parametrize(("place", "block"), _blocks(), ids=lambda value: value[:30])
def test_a_block_of_the_documentation_can_be_pasted(place: str, block: str) -> None:
    """At the end of the example as it is installed, each block means what it says."""
    pasted = parse(example() + "\n" + block, "/etc/telespool/config.toml")
    assert pasted == parse(block, "/etc/telespool/config.toml"), place


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[chats]\na = "@bbbb"\n\n[chats]\nc = "@dddd"\n', "4:7: [chats] stands in line 1 already"),
        ('[chats]\na = "@bbbb"\na = "@cccc"\n', "a stands in line 2 already"),
        ('chats.a = "@bbbb"\n[chats]\nb = "@cccc"\n', "chats is given in line 1 already"),
        ('[log]\ndestination = "folder"\n', "belongs above all tables"),
        ("album = 5\n", "it belongs under [send]"),
        ("[spool]\nroot = ~/spool\n", "a text stands in quotes"),
        ('[spool]\nroot = "~/spool\n', "the quote at the end of this text is missing"),
        ('[spool]\nroot = "C:\\spool"\n', "write \\\\ for a backslash"),
        ("[spool\n", "] is missing"),
        (f'[spool]\nroot = "{ROOT}"\n', "must not be the folder of the program itself"),
        ('[spool]\nroot = "/"\n', "which holds the whole system"),
    ],
)
def test_what_the_parser_says_is_put_into_words(text: str, said: str) -> None:
    """No word of the parser's inner workings reaches a person."""
    with pytest.raises(ConfigError) as raised:
        parse(text, "/etc/telespool/config.toml")
    assert said in str(raised.value)
    assert "('" not in str(raised.value)


def test_every_key_stands_in_the_example_with_its_sentence() -> None:
    """No key is added without its line and a sentence about it."""
    text = example()

    def look(section: type, missing: list[str]) -> list[str]:
        for each in dataclasses.fields(section):
            if "doc" not in each.metadata:
                continue
            default = getattr(section(), each.name)
            if dataclasses.is_dataclass(default):
                look(type(default), missing)
            elif each.name not in {"chats", "folders"} and not re.search(
                rf"(?m)^# .+\n#{each.name} = ", text
            ):
                missing.append(each.name)
        return missing

    assert look(Config, []) == []


def test_every_type_of_value_is_read(tmp_path: Path) -> None:
    """Durations, sizes, numbers, choices, lists, tables and paths arrive as what they are."""
    config = parse(
        """
        destination = "telegram"
        [chats]
        default = "me"
        family = -1001234567890
        [spool]
        root = "spool"
        inbox = "/srv/drop"
        reserve = "512 MiB"
        [inbox]
        settle = 2
        polling = true
        ignore = ["*.bak"]
        [archives]
        max_ratio = 7
        [send]
        retry_min = "1h 30min"
        retry_max = "2 days"
        [telegram]
        api_id = 12345
        session = "other.session"
        datacenter = { id = 2, address = "[::1]:443", public_key = "~/dc.pem" }
        """,
        str(tmp_path / "config.toml"),
    )
    assert config.chats == {"default": "me", "family": "-1001234567890"}
    assert config.spool.root == tmp_path / "spool"
    assert config.spool.inbox == Path("/srv/drop")
    assert config.spool.reserve == 512 << 20
    assert (config.inbox.settle, config.inbox.polling, config.inbox.ignore) == (
        2.0,
        True,
        ("*.bak",),
    )
    assert config.archives.max_ratio == 7.0
    assert (config.send.retry_min, config.send.retry_max) == (5400.0, 172800.0)
    assert config.telegram.session == Path("other.session")
    assert config.telegram.datacenter.public_key == Path("~/dc.pem").expanduser()


def test_five_mistakes_give_five_sentences_with_their_places() -> None:
    """Line, key, what would be right and what stands there; in the order of the file."""
    assert problems(
        """\
[convert]
crf = "high"
nice = 20
presett = "slow"

[inbox]
others = "keep"
ignore = "*.part"
"""
    ) == [
        'config.toml:2: convert.crf: must be a whole number from 1 to 51, not "high"',
        "config.toml:3: convert.nice: must be a whole number from 0 to 19, not 20",
        "config.toml:4: convert.presett: there is no such key; did you mean convert.preset?",
        'config.toml:7: inbox.others: must be "skip" or "document", not "keep"',
        'config.toml:8: inbox.ignore: must be a list of texts such as ["one", "two"], not "*.part"',
    ]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("spool = 3", "spool: must be a table, as in [spool], not 3"),
        ("chats = []", "chats: must be a table, as in [chats], not a list"),
        (
            "chats.family = true",
            'must be a text in quotes such as "@name", a number, or a table, not true',
        ),
        ("send.album = 11", "send.album: must be a whole number from 1 to 10, not 11"),
        ("send.album = 3.0", "must be a whole number from 1 to 10, not 3.0"),
        ("send.album = true", "must be a whole number from 1 to 10, not true"),
        ("archives.max_ratio = nan", "must be a number of at least 1, not nan"),
        ('convert.checkpoint = "ten"', '"1.5h" or "2 days" of at least 1s, not "ten"'),
        ('archives.memory = "9 B"', 'or "2 GiB" of at least 64 MiB, not "9 B"'),
        ("inbox.polling = 1", "must be true or false, not 1"),
        ("convert.ffmpeg = 4", "must be a text in quotes, not 4"),
        ('spool.root = ""', 'must be a path in quotes, not ""'),
        ('archives.passwords = "secret"', 'such as ["one", "two"], not what it is'),
        ("crf = 20", "crf: there is no such key here; it belongs under [convert]"),
        ("retention.Archives = 1", "did you mean retention.archives?"),
        ("log.colour = 1", "there is no such key; here are level, format"),
        ('telegram.api_hash = "x"', "put it into the file secrets/api-hash beside this one"),
        ('chats.Family = "me"', "chats.Family: an alias is the name of a folder"),
        ('chats.-x = "me"', "chats.-x: an alias is the name of a folder"),
        ("telegram.datacenter.id = 2", "address and public_key are missing"),
        ('send.caption = "{archive} {day}"', "does not know {day}; the placeholders are {archive}"),
        ('send.caption = "{archive"', "has a brace without its partner"),
        ('send.caption = "**{archive}"', "has ** without its partner"),
        ('send.caption = "a `b` ||{name}"', "has || without its partner"),
        ('chats.x = {to = "me", caption = "*{name}"}', "has * without its partner"),
        ('send.caption = "{archive!r}"', "does not know {archive!r}"),
        ('send.retry_min = "2h"', "send.retry_min: must not be longer than send.retry_max"),
        (
            'spool.inbox = "/var/spool/telespool/done/in"',
            "must lie outside the spool /var/spool/telespool",
        ),
        ('spool.inbox = "/var/spool"', "must not contain the spool /var/spool/telespool"),
        ('folder.path = "/var/spool/telespool/x"', "must lie outside the spool"),
        ('destination = "telegram"', 'destination: "telegram" needs telegram.api_id'),
        ('convert.encoder = "libx265"', 'must be an encoder for H.264 such as "libx264"'),
        ('convert.preset = "p4"', "must be one of libx264: ultrafast, "),
        ('convert.audio_bitrate = "loud"', 'from "8k" to "512k", such as "128k", not "loud"'),
        ('convert.audio_bitrate = "640k"', 'from "8k" to "512k", such as "128k", not "640k"'),
        ('convert.ffprobe = ""', "must be the name of a program, or its path"),
        ('convert.languages = ["German", "de"]', 'such as "de" or "eng", not "German"'),
        ('convert.helpers = ["-oProxyCommand=x"]', 'as ssh names them, such as "ann@desktop"'),
        ("archives.command = []", 'must be names or paths of programs, such as ["7zz", "7z"]'),
        ('archives.passwords = ["a\\nb"]', "must be passwords of one line each, and none empty"),
        ('metrics.listen = "127.0.0.1:0"', 'an address of this machine such as "127.0.0.1:9464"'),
        ('metrics.listen = "127.0.0.1:70000"', "such as"),
        ('inbox.folders.default = "/var/spool/telespool/inbox/x"', "must lie outside the inbox"),
        ('inbox.folders.default = "/var"', "must lie outside the spool /var/spool/telespool"),
        ("chats.bad = 0", 'a numeric id, or "me", not "0"'),
        (
            'chats.x = {to = "me", topic = 0}',
            "chats.x.topic: must be the name or the id of a topic",
        ),
        ('spool.inbox = "~no-such-user/x"', "there is no user no-such-user on this machine"),
        ('inbox.folders.default = "~no-such-user/x"', "there is no user no-such-user"),
        ("inbox.folders.default = 3", "inbox.folders.default: must be a path in quotes, not 3"),
        ("inbox.folders = 3", "inbox.folders: must be a table, as in [inbox.folders], not 3"),
        ("API_ID = 3", "is a setting of the older bot; here it is telegram.api_id"),
        ('spool.root = "/proc/x"', "must not be /proc/x, where the kernel has no room for files"),
        ('inbox.folders.default = "/var/spool/telespool/done"', "must lie outside the spool"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(line: str, sentence: str) -> None:
    """Each kind of mistake is named with its line and with what would be right."""
    (problem,) = problems("# first line\n" + line)
    assert problem.startswith("config.toml:2: ")
    assert sentence in problem


def test_posting_to_telegram_needs_to_know_where_drops_without_a_chat_go() -> None:
    """Chats without `default` are a mistake there, and people that cannot be are one each."""
    found = problems(
        'destination = "telegram"\ntelegram.api_id = 1\n[chats]\nfamily = "the family"\nx = "+49"\n'
    )
    assert [problem.split(": ")[0] for problem in found] == [f"config.toml:{n}" for n in (3, 4, 5)]
    assert "needs chats.default" in found[0]


@pytest.mark.parametrize("destination", ['"telgram"', '"nowhere"', "3"])
def test_a_wrong_destination_hides_no_mistake(destination: str) -> None:
    """All mistakes are told at once: those in chats too, whatever else is wrong there."""
    found = problems(
        f'destination = {destination}\n[chats]\nfamily = "the family"\n[chats.Friends]\ncolour = 1\ncaption = "**x"\n'
        '[chats.x]\nto = "me"\nsend_as = "0"\n'
    )
    assert [":".join(problem.split(":")[:3]) for problem in found] == [
        "config.toml:1: destination",
        "config.toml:2: chats",
        "config.toml:3: chats.family",
        "config.toml:4: chats.Friends.to",
        "config.toml:4: chats.Friends",
        "config.toml:5: chats.Friends.colour",
        "config.toml:6: chats.Friends.caption",
        "config.toml:9: chats.x.send_as",
    ]


def test_folders_of_chats_are_paths_like_all_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """`~` is the home there too, and a relative path is meant from the folder of the configuration."""
    monkeypatch.setenv("HOME", "/home/ann")
    text = '[chats]\na = "me"\nb = "me"\n[inbox.folders]\na = "~/a"\nb = "b"\n'
    folders = parse(text, "/etc/t/config.toml").inbox.folders
    assert folders == {"a": Path("/home/ann/a"), "b": Path("/etc/t/b")}


def test_a_trial_run_needs_no_chats() -> None:
    """With the folder destination, `default` is there whatever chats are named."""
    assert parse('chats.family = "x"', "c").chats == {"default": "me", "family": "x"}


def test_text_that_is_no_toml_is_told_with_line_and_column() -> None:
    """A syntax error hides all others, so it comes alone, with its place."""
    assert problems("a = 1\nb = = 2\n") == [
        'config.toml:2:5: the value cannot be read: a text stands in quotes, as in root = "~/spool"'
    ]


def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    """A missing file, a directory, and bytes that are no UTF-8 are told as what they are."""
    with pytest.raises(ConfigError, match="there is no such file"):
        load(tmp_path / "missing.toml")
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b"# one\n# caf\xe9\n")
    with pytest.raises(ConfigError, match=r"latin\.toml:2: is not UTF-8"):
        load(tmp_path / "latin.toml")


def test_the_configuration_is_found_where_it_was_named_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """$TELESPOOL_CONFIG goes before $XDG_CONFIG_HOME, and a named file must be there."""
    own = tmp_path / "telespool" / "config.toml"
    own.parent.mkdir()
    own.write_text("convert.crf = 30")
    assert find({"XDG_CONFIG_HOME": str(tmp_path)}) == own
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("TELESPOOL_CONFIG", raising=False)
    assert load(None).convert.crf == 30
    monkeypatch.setenv("TELESPOOL_CONFIG", str(tmp_path / "named.toml"))
    with pytest.raises(ConfigError, match=r"named\.toml: there is no such file"):
        load(None)


def test_without_a_configuration_a_person_has_a_spool_at_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody but root may make /var/spool/telespool; where a service has made it, it is meant."""
    monkeypatch.setenv("HOME", str(tmp_path))
    machine = dataclasses.replace(Config().spool, root=tmp_path / "var")
    assert loader._own_spool(machine, 1000).root == tmp_path / "spool"
    assert loader._own_spool(machine, 0) == machine
    machine.root.mkdir()
    assert loader._own_spool(machine, 1000) == machine

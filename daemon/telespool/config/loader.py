"""Parse the configuration: TOML text in, a `Config` or all mistakes at once out.

    config = load(None)          # $TELESPOOL_CONFIG, then the user's, then the machine's, else the defaults

The dataclasses of `config.py` are walked by their type hints; nothing about a single key stands here. A
mistake is one sentence with its place, `config.toml:12: convert.crf: must be a whole number from 0 to 51, not
"high"`, and all of them leave together in one `ConfigError`. A relative path is meant from the directory of
the configuration file, `~` is the user's home.

Touches nothing but the file it reads. `ConfigError` is the only error that leaves.
"""

from __future__ import annotations

import dataclasses
import difflib
import os
import typing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tomli

from telespool.config import toml_messages
from telespool.config.example import example
from telespool.config.fields import fields, home, read, shown, wanted
from telespool.config.schema import ChatSettings, Config
from telespool.config.secrets import Secrets
from telespool.config.toml_positions import Key, places
from telespool.config.validation import contradictions
from telespool.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from telespool.config.schema import SpoolSettings

__all__ = ["example", "find", "load", "load_with_secrets", "parse"]

_SECRETS = {"api_hash": "api-hash", "bot_token": "bot-token"}
_OLD = {
    "api_id": "telegram.api_id",
    "target_username": "default under [chats]",
    "deferred_video_conversion": "convert.deferred",
    "conversion_timeout_seconds": 'convert.timeout, a time such as "30min"',
    "compression_timeout_seconds": 'archives.timeout, a time such as "30min"',
    "conversion_max_retries": "convert.max_tries",
    "conversion_state_save_interval": "convert.checkpoint",
}
"""Settings of the older bot, and what they are called here; docs/from-the-older-bot.md has all of them."""
_INVALID: Any = object()  # stands for a value about which there is already a sentence


def find(environ: Mapping[str, str] | None = None) -> Path | None:
    """Give the configuration file that is used when none is named, None where there is none."""
    environ = os.environ if environ is None else environ
    if named := environ.get("TELESPOOL_CONFIG"):
        return Path(named)
    own = environ.get("XDG_CONFIG_HOME") or "~/.config"
    candidates = (Path(own, "telespool/config.toml"), Path("/etc/telespool/config.toml"))
    return next((path for path in (home(each) for each in candidates) if path.exists()), None)


def load(path: Path | None) -> Config:
    """Read the configuration file, or the one `find` gives; the defaults where there is none."""
    path = path or find()
    if path is None:
        config = Config()
        return dataclasses.replace(config, spool=_own_spool(config.spool, os.geteuid()))
    try:
        text = path.read_bytes().decode("utf-8-sig")  # Notepad writes a mark before the text
    except FileNotFoundError:
        raise ConfigError([f"{path}: there is no such file; give another with -c"]) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError([f"{path}:{line}: is not UTF-8 text; save it as UTF-8"]) from None
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {error.strerror}"]) from None
    return parse(text, str(path))


def load_with_secrets(path: Path | None) -> tuple[Config, Secrets, list[str]]:
    """Read the configuration and its secrets, and collect all mistakes.

    In the place of what is wrong stand the defaults.
    """
    config, secrets = Config(), Secrets()
    problems: list[str] = []
    try:
        config = load(path)
    except ConfigError as error:
        problems += error.problems
    try:
        secrets = Secrets.read(path)
    except ConfigError as error:
        problems += error.problems
    return config, secrets, problems


def sets_nothing(config: Config) -> bool:
    """Whether all of a configuration is as it is without any key."""
    bare = parse("", "")
    return dataclasses.replace(config, spool=bare.spool) == bare and (
        config.spool in {bare.spool, _own_spool(bare.spool, os.geteuid())}
    )


def _own_spool(spool: SpoolSettings, user: int) -> SpoolSettings:
    """Return where files go without a configuration: below the home, unless the machine has a spool."""
    if not user or spool.root.exists():
        return spool
    return dataclasses.replace(spool, root=home(Path("~/spool")))


def parse(text: str, where: str) -> Config:
    """Make a `Config` of TOML text; `where` names its file in the sentences."""
    try:
        values = tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        place = f"{where}:{error.lineno}:{error.colno}"
        said = toml_messages.explain(error.msg, text, error.lineno)
        raise ConfigError([f"{place}: {said}"]) from None
    reader = _Reader(text, where)
    config: Config = reader.table(Config, values, ())
    config = dataclasses.replace(config, chat_tables=reader.chat_tables)
    seen = config
    if reader.has_problem(("destination",)):
        # All mistakes at once: what is meant is nearly always near.
        near = difflib.get_close_matches(str(values["destination"]).lower(), ["folder", "telegram"])
        seen = dataclasses.replace(config, destination="folder" if "folder" in near else "telegram")
    found = contradictions(seen, places(text), reader.has_problem)
    for key, sentence in [each for each in found if not reader.has_problem(each[0])]:
        reader.problem(key, sentence)
    if reader.problems:
        raise ConfigError([sentence for _, sentence in sorted(reader.problems)])
    # A trial run needs no thought about chats; posting for real (contradictions) does.
    chats = Config().chats | config.chats
    return dataclasses.replace(config, chats=chats)


class _Reader:
    """Walks values and dataclasses side by side and collects what does not fit."""

    def __init__(self, text: str, where: str) -> None:
        self.where = where
        self.directory = Path(where).absolute().parent
        self.lines = places(text)
        self.problems: list[tuple[int, str]] = []
        self._wrong: list[Key] = []
        self.chat_tables: dict[str, dict[str, Any]] = {}

    def has_problem(self, key: Key) -> bool:
        """Whether there is a mistake at this key, or at the table around it."""
        return any(key[: len(each)] == each for each in self._wrong)

    def problem(self, key: Key, sentence: str) -> None:
        """Note a mistake at the line of this key, or of the nearest table around it that has one."""
        line = next(
            (self.lines[key[:n]] for n in range(len(key), 0, -1) if key[:n] in self.lines), 0
        )
        place = f"{self.where}:{line}" if line else self.where
        self._wrong.append(key)
        self.problems.append((line, f"{place}: {'.'.join(key)}: {sentence}"))

    def table(self, section: type[Any], values: object, key: Key) -> Any:
        """Read one section; keys that are not given, or are wrong, keep their defaults."""
        if not isinstance(values, dict):
            self.problem(key, f"must be a table, as in [{'.'.join(key)}], not {shown(values)}")
            return _INVALID
        known = {each.name: (each, hint) for each, hint in fields(section)}
        given = {}
        for name, value in values.items():
            if name in known:
                given[name] = self.value(*known[name], value, (*key, name))
            else:
                self.problem((*key, name), _unknown(name, list(known), key))
        # What is wrong has its sentence; the rest is looked at all the same.
        return section(**{name: value for name, value in given.items() if value is not _INVALID})

    def value(self, each: dataclasses.Field[Any], hint: Any, value: object, key: Key) -> Any:
        """Read one value by the type of its key."""
        if dataclasses.is_dataclass(hint):
            return self.table(typing.cast("type[Any]", hint), value, key)
        if hint == dict[str, str]:
            return self.chats(value, key)
        if hint == dict[str, Path]:
            return self.folders(each, value, key)
        low, high = each.metadata["low"], each.metadata["high"]
        try:
            made = read(hint, value, low, high)
        except (TypeError, ValueError):
            # A password that was written wrongly is still a password.
            this = "what it is" if "password" in key[-1] else shown(value)
            self.problem(key, f"must be {wanted(hint, low, high)}, not {this}")
            return _INVALID
        if isinstance(made, Path):
            return self.path(each, str(value), key)
        return made

    def path(self, each: dataclasses.Field[Any], text: str, key: Key) -> Any:
        """A path as it is meant: from the user's home, the state directory or the folder of the configuration."""
        path = home(Path(text))
        if text.startswith("~") and path == Path(text):
            user = path.parts[0].removeprefix("~") or "whose home is known"
            self.problem(key, f"there is no user {user} on this machine, as in {shown(text)}")
            return _INVALID
        return path if each.metadata["relative_to"] == "state" else self.directory / path

    def folders(self, each: dataclasses.Field[Any], value: object, key: Key) -> Any:
        """Read a table of paths."""
        if not isinstance(value, dict):
            self.problem(key, f"must be a table, as in [{'.'.join(key)}], not {shown(value)}")
            return _INVALID
        made = {}
        for name, path in value.items():
            if not isinstance(path, str) or not path:
                self.problem((*key, name), f"must be a path in quotes, not {shown(path)}")
            elif (found := self.path(each, path, (*key, name))) is not _INVALID:
                made[name] = found
        return made

    def chats(self, value: object, key: Key) -> Any:
        """Read the table of the chats: for each a name, a number, or a table of its own."""
        if not isinstance(value, dict):
            self.problem(key, f"must be a table, as in [{'.'.join(key)}], not {shown(value)}")
            return _INVALID
        made = {}
        for name, each in value.items():
            if isinstance(each, dict):
                made[name] = self.chat(each, (*key, name))
            elif isinstance(each, bool) or not isinstance(each, (str, int)) or each == "":
                right = 'a text in quotes such as "@name", a number, or a table'
                self.problem((*key, name), f"must be {right}, not {shown(each)}")
            else:
                made[name] = str(each)
        return made

    def chat(self, values: dict[str, Any], key: Key) -> str:
        """Read the table of one chat; who it is. Its other keys stand in `chat_tables`."""
        if isinstance(to := values.get("to"), int) and not isinstance(to, bool):
            values = {**values, "to": str(to)}
        if isinstance(topic := values.get("topic"), int) and not isinstance(topic, bool):
            if topic < 1:
                self.problem((*key, "topic"), f"must be the name or the id of a topic, not {topic}")
            values = {**values, "topic": str(topic)}
        read: ChatSettings = self.table(ChatSettings, values, key)
        if read is _INVALID:
            return ""
        if "to" not in values or values["to"] == "":
            self.problem((*key, "to"), 'is needed, such as to = "@name"')
        known = {each.name for each, _ in fields(ChatSettings)} - {"to"}
        self.chat_tables[key[-1]] = {name: getattr(read, name) for name in values if name in known}
        return read.to


def _unknown(name: str, siblings: list[str], key: Key) -> str:
    if secret := _SECRETS.get(name.lower()):
        return (
            f"is a secret and does not belong here; put it into the file secrets/{secret}"
            " beside this one (chmod 600), or give it as a systemd credential"
        )
    if name.isupper() and (now := _OLD.get(name.lower())):
        return f"is a setting of the older bot; here it is {now} (docs/from-the-older-bot.md)"
    elsewhere = [other for other in _everywhere(Config, ()) if other[-1] == name]
    if key and (name,) in elsewhere:
        return f"belongs above all tables: move it to the top of the file, before [{'.'.join(key)}]"
    if len(elsewhere) == 1:
        table = f"[{'.'.join(elsewhere[0][:-1])}]"
        return f"there is no such key here; it belongs under {table}, in a line after {table}"
    if close := difflib.get_close_matches(name.replace("-", "_").lower(), siblings, n=1):
        return f"there is no such key; did you mean {'.'.join((*key, close[0]))}?"
    return f"there is no such key; {'here' if key else 'at the top'} are {', '.join(siblings)}"


def _everywhere(section: type[Any], key: Key) -> list[Key]:
    found: list[Key] = []
    for each, hint in fields(section):
        found.append((*key, each.name))
        if dataclasses.is_dataclass(hint):
            found += _everywhere(typing.cast("type[Any]", hint), (*key, each.name))
    return found

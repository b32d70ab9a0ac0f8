"""telespool setup: from nothing to a configuration that works, by questions alone."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from telespool.cli import setup_file
from telespool.config import loader
from telespool.config.schema import Config
from tests.cli.terminal import terminal
from tests.harness import ROOT

if TYPE_CHECKING:
    from telespool.config.schema import DatacenterSettings, TelegramSettings
    from tests.harness import Home
    from tests.telegram_server import TestTelegram


def setup(config: Path, *answers: str) -> subprocess.CompletedProcess[str]:
    """The command without a terminal, answered line by line."""
    home = config.parent
    return subprocess.run(
        [sys.executable, "-m", "telespool.cli.main", "setup", "-c", str(config)],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": str(home), "STATE_DIRECTORY": str(home / "state")},
        input="".join(f"{each}\n" for each in answers),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.media
def test_a_trial(tmp_path: Path) -> None:
    """Three answers make a configuration; what is wrong is asked for again; the end says where to drop."""
    config = tmp_path / "telespool" / "config.toml"
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("mine")
    done = setup(
        config,
        str(ROOT),
        str(tmp_path / "full"),
        "/proc/x",
        "~no-such-user/x",
        str(tmp_path / "spool"),
        "3",
        "1",
        "Family",
        "family",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "must not be the folder of the program" in done.stdout
    assert "holds other things (letter.txt" in done.stdout
    assert "must not be /proc/x" in done.stdout
    assert "there is no user no-such-user" in done.stdout
    assert f"into {tmp_path}/spool/inbox/" in done.stdout
    assert f"{tmp_path}/spool-posts/index.html" in done.stdout
    assert f"telespool run -c {config}" in done.stdout
    made = loader.load(config)
    assert (made.destination, made.spool.root) == ("folder", tmp_path / "spool")
    assert made.chats == {"default": "me", "family": "me"}

    again = setup(config, "no")
    assert "Nothing was changed" in again.stdout
    assert loader.load(config) == made
    anew = setup(config, "yes", str(tmp_path / "other"), "1", "trip")
    assert anew.returncode == 0, anew.stdout + anew.stderr
    assert loader.load(config).spool.root == tmp_path / "other"
    assert loader.load(Path(f"{config}.before-1")) == made


def test_an_end_in_the_midst_writes_nothing(tmp_path: Path) -> None:
    """Who gives no answer has changed nothing, and is told so in a sentence."""
    config = tmp_path / "config.toml"
    done = setup(config, str(tmp_path / "spool"))
    assert done.returncode == 1
    assert "nothing was written" in done.stderr
    assert not config.exists()


def test_the_example_as_installed_keeps_its_lines(tmp_path: Path) -> None:
    """The lines stand at its end, and all that explains the keys stays above."""
    config = tmp_path / "config.toml"
    config.write_text(loader.example())
    answers = setup_file.Answers(root=str(tmp_path / "spool"), chats={"default": "me"})
    assert setup_file.write(config, answers) is None
    assert config.read_text().startswith(loader.example().rstrip())
    assert loader.load(config).spool.root == tmp_path / "spool"


def test_a_folder_is_tried_out_before_it_is_taken(tmp_path: Path) -> None:
    """A place where nothing can be made is refused in a sentence; of what was made for the trial nothing stays."""
    assert setup_file.usable_folder(str(tmp_path / "a" / "b")) == ""
    assert list(tmp_path.iterdir()) == []
    assert "No files can be put into /dev/fd/x" in setup_file.usable_folder("/dev/fd/x")


def test_the_way_to_telegram_stays() -> None:
    """A proxy, and a Telegram of one's own, of the configuration before stand in the one that is written anew."""
    before = loader.parse(
        '[telegram]\nproxy = "socks5://ann@127.0.0.1:1080"\n[telegram.datacenter]\nid = 2\n'
        'address = "127.0.0.1:443"\npublic_key = "key.pem"\n',
        "/etc/c",
    ).telegram
    answers = setup_file.Answers(
        "/srv/x", True, 7, {"default": "me"}, datacenter=before.datacenter, proxy=before.proxy
    )
    written = loader.parse(setup_file.text_of(answers), "/etc/c").telegram
    assert (written.proxy, written.datacenter, written.api_id) == (*_way(before), 7)


def _way(telegram: TelegramSettings) -> tuple[str, DatacenterSettings]:
    return telegram.proxy, telegram.datacenter


def test_short_names_of_chats() -> None:
    """A title becomes the name of a folder; none is taken twice, none is `default`."""
    assert setup_file.alias_of("The Smiths ❤", ()) == "the-smiths"
    assert setup_file.alias_of("Über uns", {"uber-uns": "@x"}) == "uber-uns-2"
    assert setup_file.alias_of("家族", ()) == "chat"
    assert setup_file.alias_of("Default", ()) == "default-2"


@pytest.mark.telegram
@pytest.mark.media
@pytest.mark.timeout(120)
@pytest.mark.parametrize("through", ["", "a proxy"])
async def test_to_telegram(home: Home, telegram: TestTelegram, through: str) -> None:
    """The two values, the login, and chats by number: what is written posts to the chosen chat.

    Where Telegram does not answer, the link of a proxy may be pasted.
    """
    home.session.unlink()
    proxy: list[tuple[str, str]] = []
    if through:
        telegram.proxy_secret = bytes(range(16))
        door = f"127.0.0.1:{telegram.port}"
        home.config.write_text(home.config.read_text().replace(door, "127.0.0.1:1"))
        key = f"dd{telegram.proxy_secret.hex()}"
        link = f"tg://proxy?server=127.0.0.1&port={telegram.port}&secret={key}"
        proxy = [("tries again as before", "what?"), ("Give a link", link)]
    telegram.directory.add("supergroup", 999, "The Smiths", "smith_family")
    spool = home.directory / "new"
    environment = {key: value for key, value in home.environment.items() if "API_HASH" not in key}
    async with terminal("setup", "-c", str(home.config), environment=environment) as screen:
        for seen, answer in (
            ("Write it anew?", "yes"),
            ("In which folder", str(spool)),
            ("Where do posts go?", "2"),
            ("api_id:", str(telegram.API_ID)),
            ("api_hash:", telegram.API_HASH),
            ("Log in, once", ""),
            *proxy,
            ("country code", telegram.PHONE),
            ("in the Telegram app", telegram.PHONE_CODE),
        ):
            await screen.sees(seen)
            await screen.sees("\n> ")
            screen.types(answer)
        listed = await screen.sees("Numbers, with")
        (line,) = [line for line in listed.splitlines() if "The Smiths" in line]
        screen.types(line.split()[0])
        await screen.sees("[the-smiths]")
        screen.types("family")
        await screen.sees("the inbox itself?")
        screen.types("")
        shown = await screen.sees("To have it run all the time", timeout=60)
        assert await screen.ends() == 0
    assert "chat family" in shown
    made = loader.load(home.config)
    assert made.chats == {"default": "@smith_family", "family": "@smith_family"}
    assert made.telegram.datacenter.id == 2
    assert bool(made.telegram.proxy) == bool(through or os.environ.get("TELESPOOL_THROUGH"))
    secret = home.config.parent / "secrets" / "api-hash"
    assert secret.read_text().strip() == telegram.API_HASH
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert made != Config()

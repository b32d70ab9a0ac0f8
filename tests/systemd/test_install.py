"""scripts/install, on a machine where nothing of it was before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.systemd.conftest import everything, install

if TYPE_CHECKING:
    from tests.systemd.conftest import Package
    from tests.systemd.machine import Machine

_KEPT = ("/etc/telespool", "/var/spool/telespool")


def test_it_installs_itself_twice_alike_and_leaves_what_is_yours(bare: Machine) -> None:
    """Installing says each thing, does it once, and uninstalling leaves spool and configuration alone."""
    bare.run("useradd", "--system", "earlier")
    before = everything(bare)
    accounts = bare.run("getent", "passwd").stdout
    said = install(bare)
    for thing in (
        "making version",
        "writing /usr/local/lib/systemd/system/telespool.service",
        "linking",
    ):
        assert thing in said
    first = everything(bare)
    assert bare.run("telespool", "--version").stdout.startswith("telespool ")
    again = install(bare)
    assert "is there already" in again
    assert "writing" not in again
    assert "linking" not in again
    assert everything(bare) == first

    bare.path("/etc/telespool/config.toml").write_text("# mine\n")
    bare.run("runuser", "-u", "telespool", "--", "touch", "/var/spool/telespool/inbox/a.zip")
    bare.run("systemctl", "enable", "--now", "telespool.service")
    owner = bare.run("stat", "--format=%u:%g", "/var/spool/telespool/inbox/a.zip").stdout
    said = install(bare, "--uninstall")
    assert "are yours and were left as they are" in said
    assert {path for path in everything(bare) - before if not path.startswith(_KEPT)} == set()
    assert everything(bare) >= before
    assert bare.run("getent", "passwd").stdout == accounts
    assert bare.path("/etc/telespool/config.toml").read_text() == "# mine\n"
    assert bare.path("/var/spool/telespool/inbox").is_dir()
    assert bare.run("systemctl", "is-active", "telespool", check=False).stdout.strip() == "inactive"

    # A new installation takes the same number although a better one is free, so that the spool still belongs to it.
    bare.run("userdel", "earlier")
    bare.run("systemd-sysusers", "/run/share/source/systemd/sysusers.conf")
    assert bare.run("id", "--user", "telespool").stdout.strip() == owner.split(":", maxsplit=1)[0]


def test_files_for_a_package_are_put_below_a_prefix(bare: Machine, package: Package) -> None:
    """Nothing outside the prefix is touched, and what lies below it works where it belongs."""
    assert package.touched == set()
    package.unpack(bare)
    assert bare.run("telespool", "--version").stdout.startswith("telespool ")
    bare.run("systemd-analyze", "verify", "--man=no", "telespool.service")

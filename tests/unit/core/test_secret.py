"""Ids of patients are hashed with a secret that lies in the user's settings."""

import os
import subprocess
import sys

import pytest

from cxr.core.errors import InputError
from cxr.core.paths import SCRIPTS
from cxr.core.secret import VARIABLE, pseudonym, read_secret, secret_path


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """A user's settings without a secret."""
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    return tmp_path / "settings"


def write_secret(path, text, mode=0o600):
    path.write_text(text)
    path.chmod(mode)
    return path


def test_the_secret_is_made_once_and_for_its_owner_alone(settings):
    first = pseudonym("471123")
    path = settings / "cxr-clusters" / "patient-id-secret"
    assert secret_path() == path
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]
    read_secret.cache_clear()
    assert pseudonym("471123") == first != pseudonym("471124")


def test_the_same_secret_gives_the_same_ids_and_another_one_others(tmp_path, monkeypatch):
    ids = []
    for name, text in (("a", "x" * 64), ("b", "x" * 64 + "\r\n"), ("c", "y" * 64)):
        monkeypatch.setenv(VARIABLE, str(write_secret(tmp_path / name, text)))
        ids.append(pseudonym("471123"))
    assert ids[0] == ids[1] != ids[2]


def test_without_xdg_config_home_it_lies_below_the_home(tmp_path, monkeypatch):
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert secret_path() == tmp_path / ".config" / "cxr-clusters" / "patient-id-secret"


def test_jobs_that_begin_at_once_agree(settings):
    code = "from cxr.core.secret import pseudonym; print(pseudonym('471123'))"
    environment = os.environ | {"PYTHONPATH": str(SCRIPTS)}
    jobs = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment)
        for _ in range(8)
    ]
    assert len({job.communicate()[0] for job in jobs}) == 1
    assert all(job.returncode == 0 for job in jobs)


@pytest.mark.parametrize(
    ("text", "mode", "message"),
    [
        ("short", 0o600, "fewer than 32 characters"),
        ("", 0o600, "fewer than 32 characters"),
        ("x" * 64, 0o644, "everybody may read"),
        (None, None, "there is no file"),
    ],
)
def test_a_secret_that_can_not_be_used_is_named(tmp_path, monkeypatch, text, mode, message):
    path = tmp_path / "secret"
    if text is not None:
        write_secret(path, text, mode)
    monkeypatch.setenv(VARIABLE, str(path))
    with pytest.raises(InputError, match=message) as error:
        pseudonym("471123")
    assert str(path) in str(error.value)
    assert "x" * 64 not in str(error.value)


def test_settings_that_can_not_be_written_end_in_advice(settings):
    settings.write_text("a file where the folder should be")
    with pytest.raises(InputError, match=f"can't be read or made there.*{VARIABLE}"):
        pseudonym("471123")

"""Secrets are sealed under a key outside the database; tokens are kept only as hashes."""

from __future__ import annotations

import base64
import hashlib
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gerbang.secrets_box import (
    CannotOpenError,
    SecretBox,
    SecretKeyError,
    generate_token,
    hash_token,
    load_secret_key,
)

KEY = b"k" * 32
BOX = SecretBox(KEY)


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=200)))
def test_what_was_sealed_is_opened_as_it_was(values: dict[str, str]) -> None:
    assert BOX.open(BOX.seal(values)) == values


def test_sealed_bytes_show_nothing_and_never_repeat() -> None:
    first, second = (BOX.seal({"pin": "1144"}) for _ in range(2))
    assert first != second
    assert b"1144" not in first
    assert b"pin" not in first


@given(st.integers(0, 60), st.integers(1, 255))
def test_one_changed_byte_is_noticed(at: int, change: int) -> None:
    sealed = bytearray(BOX.seal({"secret_key": "demo_secret_key_of_some_length"}))
    sealed[at] ^= change
    with pytest.raises(CannotOpenError):
        BOX.open(bytes(sealed))


@given(st.binary(min_size=1, max_size=40))
def test_what_nobody_sealed_cannot_be_opened(data: bytes) -> None:
    with pytest.raises(CannotOpenError):
        BOX.open(data)


def test_another_key_opens_nothing() -> None:
    with pytest.raises(CannotOpenError):
        SecretBox(b"x" * 32).open(BOX.seal({"pin": "1144"}))


def test_nothing_sealed_is_an_empty_mapping() -> None:
    assert BOX.open(b"") == {}


def test_the_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    key = load_secret_key(tmp_path / "data")
    assert len(key) == 32
    assert load_secret_key(tmp_path / "data") == key
    [file] = (tmp_path / "data").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_processes_that_start_at_once_share_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        keys = set(threads.map(lambda _: load_secret_key(tmp_path), range(32)))
    assert len(keys) == 1


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    load_secret_key(tmp_path)
    os.chmod(tmp_path / "secret.key", 0o644)  # noqa: PTH101 (the mistake under test)
    with pytest.raises(SecretKeyError, match="chmod 600"):
        load_secret_key(tmp_path)


def test_a_key_given_as_a_setting_needs_no_file(tmp_path: Path) -> None:
    assert load_secret_key(tmp_path, given=base64.b64encode(KEY).decode()) == KEY
    assert not list(tmp_path.iterdir())
    with pytest.raises(SecretKeyError, match="base64"):
        load_secret_key(tmp_path, given="not base64!")
    with pytest.raises(SecretKeyError, match="32"):
        SecretBox(base64.b64decode("c2hvcnQ="))


def test_tokens_are_long_different_and_kept_as_sha256() -> None:
    tokens = {generate_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(token) >= 43 for token in tokens)
    assert hash_token("abc") == hashlib.sha256(b"abc").hexdigest()
    assert hash_token("\ud800")

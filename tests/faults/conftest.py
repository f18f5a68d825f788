"""Journals of these tests stay out of the user's cache."""

import pytest


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("CWSAM_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))

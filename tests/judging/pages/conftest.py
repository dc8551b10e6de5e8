"""The browser of the dashboard's tests opens these pages as well."""

from tests.dashboard.conftest import browser, watched  # noqa: F401

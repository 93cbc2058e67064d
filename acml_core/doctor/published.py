"""Published models: the registries, and the Hub."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import metadata

from acml_core import catalog
from acml_core.catalog import Entry
from acml_core.doctor.finding import BROKEN, OK, WARNING, Finding
from acml_core.errors import AcmlError

HUB_TIMEOUT_S = 8.0
"""How long the Hub may take to answer [s]."""


def registry() -> Iterator[Finding]:
    """Every registry and the bundled models in it; nothing is fetched but a user's registry."""
    from acml_core.hub.locate import check_plugins, folder_of, verify
    from acml_core.hub.registries import registries
    from acml_core.published import Bundled, Local

    try:
        found = registries()
        entries = catalog.merge(found)
    except AcmlError as error:
        yield Finding("registry", error.source or "-", BROKEN, error.what, error.remedy)
        return
    for one in found:
        count = len(one.catalog.models)
        models = "model" if count == 1 else "models"
        yield Finding("registry", one.origin, OK, f"{count} published {models}")
    for name, entry in entries.items():
        if not isinstance(entry.row.source, Bundled | Local):
            continue
        absent = _absent(entry)
        if absent:  # a plugin that nobody installed is no fault
            yield Finding("registry", name, OK, f"of {absent}, which is not installed")
            continue
        try:
            check_plugins(entry)
        except AcmlError as error:
            yield Finding("registry", name, WARNING, error.what, error.remedy)
            continue
        try:
            verify(entry.row, folder_of(entry))
        except AcmlError as error:
            yield Finding("registry", name, BROKEN, error.what, error.remedy)
        else:
            yield Finding("registry", name, OK, f"{len(entry.row.files)} files as published")


def _absent(entry: Entry) -> str:
    """The first plugin that a model needs and that is not installed, or ""."""
    from packaging.requirements import Requirement

    for line in entry.row.requires:
        name = Requirement(line).name
        try:
            metadata.version(name)
        except metadata.PackageNotFoundError:
            return name
    return ""


def hub() -> Iterator[Finding]:
    """Can the Hub be reached, and is the token good?"""
    try:
        from huggingface_hub import constants, get_token
    except ImportError:
        return
    from acml_core.hub.client import api, endpoint
    from acml_core.hub.errors import translate

    address = endpoint()
    if constants.HF_HUB_OFFLINE:
        yield Finding(
            "hub",
            address,
            WARNING,
            "HF_HUB_OFFLINE is set: only cached models can be used",
            "Unset it to fetch others.",
        )
        return
    try:
        _reach(address)
    except OSError as error:
        yield Finding(
            "hub",
            address,
            WARNING,
            f"cannot be reached ({error}); cached and bundled models work",
            "Check the connection, the proxy, and HF_ENDPOINT where a mirror is used.",
        )
        return
    yield Finding("hub", address, OK, "reachable")
    if get_token() is None:
        yield Finding("hub", "token", OK, "none: public models can be pulled, none pushed")
        return
    try:
        user = api().whoami().get("name", "?")
    except Exception as error:  # whatever the client raises: it is told, not raised
        told = translate(error, address, "be used")
        yield Finding(
            "hub",
            "token",
            BROKEN,
            told.what if told else str(error).splitlines()[0],
            "Run: hf auth login (or mend HF_TOKEN), or log out: hf auth logout",
        )
    else:
        yield Finding("hub", "token", OK, f"of {user}")


def _reach(endpoint: str) -> None:
    """Any answer below 500 means that the Hub is there.

    Raises:
        OSError: no connection, or a server that is out of order.
    """
    from urllib.error import HTTPError, URLError
    from urllib.request import Request, urlopen

    if not endpoint.startswith(("http://", "https://")):
        raise OSError(f"{endpoint!r} is no web address")
    try:
        urlopen(Request(endpoint, method="HEAD"), timeout=HUB_TIMEOUT_S).close()
    except HTTPError as answer:
        if answer.code >= 500:
            raise OSError(f"HTTP {answer.code}") from None
    except URLError as error:  # its own text is for programmers
        raise OSError(getattr(error.reason, "strerror", None) or str(error.reason)) from None

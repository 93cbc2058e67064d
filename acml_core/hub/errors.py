"""What the Hub's client raises, said in one line with what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from acml_core.errors import AcmlError, BadInput
from acml_core.hub.client import endpoint
from acml_core.hub.retry import retry_after, status

LOG_IN = "Run: hf auth login (or set HF_TOKEN) with a token that may {what}."
HTTP_LIBRARIES = ("httpx", "httpx2", "requests", "urllib3")


@contextmanager
def translated(repo: str, what: str) -> Iterator[None]:
    """Raise what the Hub's client raises as ``AcmlError``.

    Args:
        repo: the repository, for the message.
        what: what was being done, such as "read it", for the message.
    """
    try:
        yield
    except AcmlError:
        raise
    except Exception as error:
        told = translate(error, repo, what)
        if told is None:
            raise
        raise told from error


def translate(error: BaseException, repo: str, what: str) -> AcmlError | None:
    """The same failure as ``AcmlError``; None where it has nothing to do with the Hub."""
    from huggingface_hub import constants, errors

    at = endpoint()
    code = status(error)
    if isinstance(error, errors.HFValidationError):
        return BadInput(f"{repo!r} is no repository's name", remedy="Names are OWNER/NAME.")
    if isinstance(error, errors.GatedRepoError):
        return AcmlError(
            "the repository is gated: its owner grants access one by one",
            source=repo,
            remedy=f"Ask for it at {at}/{repo}, then run: hf auth login (or set HF_TOKEN).",
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return AcmlError(
            "it has no such revision",
            source=repo,
            remedy=f"Its commits and branches are listed at {at}/{repo}/commits/main.",
        )
    if isinstance(error, errors.RepositoryNotFoundError):
        return AcmlError(
            f"no such repository at {at}, or it is private",
            source=repo,
            remedy="Check the name. " + LOG_IN.format(what=what),
        )
    if code is not None:
        return _by_status(error, code, repo, what, at)
    if isinstance(error, errors.EntryNotFoundError) and not isinstance(
        error, errors.LocalEntryNotFoundError
    ):
        return AcmlError(
            f"it lacks a file ({_first_line(error)})",
            source=repo,
            remedy="Check the name and the revision.",
        )
    if isinstance(error, errors.OfflineModeIsEnabled) or constants.HF_HUB_OFFLINE:
        return AcmlError(
            "it is not in the cache, and HF_HUB_OFFLINE forbids to fetch it",
            source=repo,
            remedy="Unset HF_HUB_OFFLINE, or copy the cache from a machine that has it.",
        )
    if isinstance(error, errors.LocalEntryNotFoundError) or _of_network(error):
        return unreachable(repo, error)
    if isinstance(error, OSError) and "Consistency check failed" in str(error):
        return AcmlError(
            "the connection broke before a file was whole", source=repo, remedy="Run it again."
        )
    if isinstance(error, ValueError) and "README.md" in str(error):
        return BadInput(f"the Hub refuses the model card ({error})", source=repo)
    return None


def unreachable(repo: str, error: BaseException | None) -> AcmlError:
    """The Hub could not be reached, and the cache does not have what is needed."""
    why = f" ({_first_line(error)})" if error is not None else ""
    return AcmlError(
        f"{endpoint()} cannot be reached{why}, and the cache does not have it",
        source=repo,
        remedy="Check the connection, the proxy, and HF_ENDPOINT where a mirror is used.",
    )


def is_outage(error: BaseException) -> bool:
    """Whether the Hub could not be asked at all, so that the cache may answer instead."""
    from huggingface_hub import errors

    code = status(error)
    if code is not None:
        return code >= 500 or code == 429
    kinds = (errors.OfflineModeIsEnabled, errors.LocalEntryNotFoundError)
    return isinstance(error, kinds) or _of_network(error)


def _by_status(error: BaseException, code: int, repo: str, what: str, at: str) -> AcmlError:
    if code == 401:
        return AcmlError(
            f"{at} does not accept the token",
            source=repo,
            remedy=LOG_IN.format(what=what),
        )
    if code == 403:
        return AcmlError(f"the token may not {what}", source=repo, remedy=LOG_IN.format(what=what))
    if code == 404:
        return AcmlError(
            f"not found at {at}", source=repo, remedy="Check the name and the revision."
        )
    if code == 429:
        wait = retry_after(error)
        when = f"in {wait:.0f} s" if wait else "later"
        return AcmlError(
            f"{at} answers too many requests (HTTP 429)",
            source=repo,
            remedy=f"Try again {when}; with a token (hf auth login) more requests are allowed.",
        )
    if code >= 500:
        return AcmlError(
            f"{at} is out of order (HTTP {code})", source=repo, remedy="Try again later."
        )
    return AcmlError(f"{at} refuses ({_first_line(error)})", source=repo)


def _of_network(error: BaseException) -> bool:
    """Whether an exception comes from the HTTP library or the operating system's network."""
    return type(error).__module__.partition(".")[0] in HTTP_LIBRARIES or isinstance(
        error, ConnectionError | TimeoutError
    )


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]

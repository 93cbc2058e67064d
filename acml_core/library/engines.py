"""Who encodes the shards: processes of this machine, or Ray. Both run the same function."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from typing import Any, Literal, get_args

from acml_core.errors import AcmlError, BadInput, Unsupported
from acml_core.library.encode import Task, encode
from acml_core.library.shard import Shard
from acml_core.parallel import cores, map_chunks

Engine = Literal["processes", "ray"]

IN_FLIGHT = 2
"""Tasks handed to Ray for each of its cores: enough that none waits for the next."""

USAGE_STATS = "RAY_USAGE_STATS_ENABLED"
"""Environment variable of Ray; unless it is set, a Ray that is started here reports to nobody."""

Results = Generator[tuple[int, Shard], None, None]


def check(engine: str) -> None:
    """Before long work rather than in it.

    Raises:
        BadInput: no such engine.
        Unsupported: Ray is not installed.
    """
    if engine not in get_args(Engine):
        raise BadInput(
            f"no engine is called {engine!r}", remedy=f"Use one of: {', '.join(get_args(Engine))}."
        )
    if engine == "ray":
        _import_ray()


def run(engine: Engine, tasks: Sequence[Task], workers: int | None) -> Results:
    """Encode shards, in any order.

    Args:
        workers: processes, or cores of a Ray that is started here; by default as many as this
            process may use. A Ray that runs already has its own.

    Raises:
        Unsupported: Ray is not installed.
        AcmlError: a worker failed.
    """
    if engine == "ray":
        return _ray(tasks, workers)
    return map_chunks(encode, tasks, workers, ordered=False)


def _import_ray() -> Any:
    try:
        import ray
    except ModuleNotFoundError:
        raise Unsupported(
            "Ray is not installed",
            remedy='Run: pip install "acml-core[ray]"; or leave --engine out.',
        ) from None
    return ray


def _ray(tasks: Sequence[Task], workers: int | None) -> Results:
    """One shard a task, on the cluster that ``RAY_ADDRESS`` or this machine knows, else here.

    Each node must see the model's folder under the same path, and have the same packages.
    """
    ray = _import_ray()
    started = not ray.is_initialized()
    if started:
        _start(ray, workers)
    try:
        remote = ray.remote(num_cpus=1)(encode)
        most = IN_FLIGHT * max(1, int(ray.cluster_resources().get("CPU", 1)))
        waiting: list[Any] = []
        for task in tasks:
            if len(waiting) >= most:
                ready, waiting = ray.wait(waiting)
                yield from (_result(ray, one) for one in ready)
            waiting.append(remote.remote(task))
        while waiting:
            ready, waiting = ray.wait(waiting)
            yield from (_result(ray, one) for one in ready)
    finally:
        if started:
            ray.shutdown()


def _start(ray: Any, workers: int | None) -> None:
    os.environ.setdefault(USAGE_STATS, "0")
    quiet = {"log_to_driver": False, "logging_level": "error"}
    try:
        ray.init(address="auto", **quiet)
    except ConnectionError:  # no cluster: one of this machine's cores, until the work is done
        ray.init(num_cpus=workers or cores(), include_dashboard=False, **quiet)


def _result(ray: Any, reference: Any) -> tuple[int, Shard]:
    try:
        done: tuple[int, Shard] = ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, AcmlError):
            raise error.cause from None
        raise AcmlError(f"a worker failed: {error.cause}") from None
    except ray.exceptions.RayError as error:
        what = str(error).splitlines()[0]
        raise AcmlError(
            f"Ray failed: {what}", remedy="If memory ran out, use fewer workers. Run it again."
        ) from None
    return done

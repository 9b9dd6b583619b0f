"""Staging segments on several cores: worker processes that get batches and give back what they staged.

A worker reads batches from its standard input until that ends, so none outlives the process that started it. (A
process pool would import the caller's main module again, and its workers stay when their parent is killed.)
"""

import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.abc import MetaPathFinder
from itertools import islice
from pathlib import Path
from typing import IO, Any, cast

from orchestration.extract.landing.staging import Batch, Staged, stage

_ROOT = Path(__file__).parents[3]


class _Worker:
    """A process that stages one batch at a time."""

    def __init__(self) -> None:
        command = [sys.executable, "-c", f"from {__name__} import main; main()"]
        self._process = subprocess.Popen(
            command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        self._input, self._output = cast(IO[bytes], self._process.stdin), cast(IO[bytes], self._process.stdout)

    def send(self, batch: Batch) -> None:
        try:
            pickle.dump(batch, self._input, pickle.HIGHEST_PROTOCOL)
            self._input.flush()
        except BrokenPipeError:
            raise self._died(batch.state.source_file) from None

    def receive(self, batch: Batch) -> Staged:
        try:
            staged = pickle.load(self._output)
        except (EOFError, pickle.UnpicklingError):
            raise self._died(batch.state.source_file) from None
        if isinstance(staged, BaseException):
            raise staged
        return cast(Staged, staged)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        with suppress(BrokenPipeError):  # what was not sent yet has no reader any more
            self._input.close()
        self._output.close()

    def _died(self, source_file: str) -> RuntimeError:
        return RuntimeError(
            f"A worker process died while it read inbox/{source_file} (out of memory, or killed). Nothing of that "
            "stretch is committed: run again."
        )


@contextmanager
def stager(workers: int) -> Iterator[Callable[[Iterator[Batch]], Iterator[tuple[Batch, Staged]]]]:
    """A function that stages batches, in order, in so many processes, of which this is one."""
    if workers <= 1:
        yield lambda batches: ((batch, stage(batch)) for batch in batches)
        return
    crew: list[_Worker] = []
    try:
        crew.extend(_Worker() for _ in range(workers - 1))
        yield lambda batches: _in_turns(crew, batches)
    finally:
        for worker in crew:
            worker.stop()


def _in_turns(crew: list[_Worker], batches: Iterator[Batch]) -> Iterator[tuple[Batch, Staged]]:
    """In each turn every process has one batch; what a turn gave is handed on while others are busy with the next."""
    done: list[tuple[Batch, Staged]] = []
    while turn := list(islice(batches, len(crew) + 1)):
        sent = list(zip(crew, turn, strict=False))
        for worker, batch in sent:
            worker.send(batch)
        yield from done
        here = [(batch, stage(batch)) for batch in turn[len(crew) :]]
        done = [(batch, worker.receive(batch)) for worker, batch in sent] + here
    yield from done


class _WithoutPandas(MetaPathFinder):
    """Keeps Arrow from importing pandas for the first list that it gets, which takes as long as the rest of a start."""

    def find_spec(self, name: str, *_: object) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name=name)


def main() -> None:
    """Stage batches from standard input until it ends."""
    sys.meta_path.insert(0, _WithoutPandas())
    while True:
        try:
            batch = pickle.load(sys.stdin.buffer)
        except (EOFError, pickle.UnpicklingError):
            return
        answer: Any
        try:
            answer = stage(batch)
        except Exception as error:
            answer = error
        pickle.dump(answer, sys.stdout.buffer, pickle.HIGHEST_PROTOCOL)
        sys.stdout.buffer.flush()

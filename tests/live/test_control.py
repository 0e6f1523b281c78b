"""What an operator may say to a bot, and what happens to those who say it badly."""

import asyncio
import json
import os
import socket
import stat
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

import bot4 as b4
from bot4.live import telegram
from bot4.live.control import CLIENTS_MAX, Control
from bot4.live.telegram import CLIENT_S_MAX, REQUEST_BYTES_MAX, Request, ask, read_request

T = TypeVar("T")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


async def echo(request: Request) -> dict[str, Any]:
    if request.strategy == "unknown":
        raise b4.EngineError("there is no strategy 'unknown'")
    return {"said": f"{request.command} {request.strategy}"}


@asynccontextmanager
async def listening(folder: Path) -> AsyncIterator[Control]:
    control = Control(folder, echo)
    await control.start()
    running = asyncio.create_task(control.run())
    try:
        yield control
    finally:
        async with asyncio.timeout(control.stop_s_max):
            await control.stop()
        running.cancel()
        await asyncio.wait([running])


def with_control(folder: Path, work: Callable[[], T]) -> T:
    async def go() -> T:
        async with listening(folder):
            return await asyncio.to_thread(work)

    return asyncio.run(go())


def say(folder: Path, line: bytes, wait_s: float = CLIENT_S_MAX + 2) -> bytes:
    """Send bytes to the socket as they are; what comes back until it hangs up."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(wait_s)
        client.connect(telegram.socket_path(folder))
        client.sendall(line)
        received = b""
        while part := client.recv(1 << 16):
            received += part
        return received


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (Request("status"), "status None"),
        (Request("pause", "sma_cross"), "pause sma_cross"),
        (Request("resume"), "resume None"),
        (Request("resume", "sma_cross"), "resume sma_cross"),
        (Request("flatten"), "flatten None"),
        (Request("halt"), "halt None"),
        (Request("stop"), "stop None"),
    ],
)
def test_a_request_is_answered(folder: Path, request_: Request, said: str) -> None:
    assert with_control(folder, lambda: ask(folder, request_)) == {"ok": True, "said": said}


def test_a_refusal_comes_back_in_the_words_of_the_engine(folder: Path) -> None:
    with pytest.raises(b4.ConfigError, match="there is no strategy 'unknown'"):
        with_control(folder, lambda: ask(folder, Request("pause", "unknown")))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"status", "not a line of JSON"),
        (b"[1]", 'has no "command"'),
        (b'{"command": 1}', 'has no "command"'),
        (b'{"command": "paus"}', "did you mean pause?"),
        (b'{"command": "pause"}', "which strategy"),
        (b'{"command": "pause", "strategy": 3}', "takes no strategy"),
        (b'{"command": "halt", "strategy": "x"}', "takes no strategy"),
        (b"\xff\xfe", "not a line of JSON"),
        (b"[" * 4_000, "not a line of JSON"),
    ],
)
def test_a_request_that_says_nothing_is_refused(folder: Path, line: bytes, words: str) -> None:
    with pytest.raises(b4.ParameterError, match=words):
        read_request(line)
    answer = json.loads(with_control(folder, lambda: say(folder, line + b"\n")))
    assert answer["ok"] is False
    assert words in answer["error"]


def test_a_request_without_end_is_refused_by_its_size(folder: Path) -> None:
    answer = with_control(folder, lambda: say(folder, b"x" * (2 * REQUEST_BYTES_MAX)))
    assert json.loads(answer)["error"] == f"the request is longer than {REQUEST_BYTES_MAX} bytes"


def test_a_client_that_says_nothing_is_hung_up_on_and_holds_nobody_up(folder: Path) -> None:
    def go() -> tuple[float, float]:
        with socket.socket(socket.AF_UNIX) as silent:
            silent.settimeout(CLIENT_S_MAX + 2)
            silent.connect(telegram.socket_path(folder))
            began = time.monotonic()
            ask(folder, Request("status"))
            answered = time.monotonic() - began
            assert silent.recv(1) == b""
            return answered, time.monotonic() - began

    answered, hung_up = with_control(folder, go)
    assert answered < 1.0
    assert CLIENT_S_MAX - 0.5 < hung_up < CLIENT_S_MAX + 1.5


def test_clients_are_bounded_in_number(folder: Path) -> None:
    def go() -> float:
        silent = [socket.socket(socket.AF_UNIX) for _ in range(CLIENTS_MAX)]
        for client in silent:
            client.connect(telegram.socket_path(folder))
        began = time.monotonic()
        try:
            with pytest.raises(b4.ConfigError, match="cannot be asked"):
                ask(folder, Request("status"))
            return time.monotonic() - began
        finally:
            for client in silent:
                client.close()

    assert with_control(folder, go) < 1.0


def test_the_socket_is_its_owners_alone_and_gone_at_the_end(folder: Path) -> None:
    path = folder / telegram.SOCKET
    mode = with_control(folder, lambda: path.lstat().st_mode)
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600
    assert not path.exists()


@pytest.mark.skipif(not hasattr(socket, "SO_PEERCRED"), reason="this system tells no peer")
def test_the_system_is_asked_who_connects() -> None:
    here, there = socket.socketpair(socket.AF_UNIX)
    with here, there:
        assert telegram.owner(here) == os.geteuid()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two users")
def test_another_user_is_refused_even_where_the_socket_would_let_them(folder: Path) -> None:
    def go() -> bytes:
        path = Path(telegram.socket_path(folder))
        path.chmod(0o666)
        for above in path.parents:
            above.chmod(above.stat().st_mode | 0o011)
        os.seteuid(65_534)
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(5)
                client.connect(str(path))
                os.seteuid(0)
                client.sendall(b'{"command": "stop"}\n')
                return client.recv(1 << 16)
        finally:
            os.seteuid(0)

    answer = json.loads(with_control(folder, go))
    assert answer == {"ok": False, "error": "only the user who started the bot may operate it"}


def test_the_socket_of_a_killed_run_is_taken_over(folder: Path) -> None:
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(telegram.socket_path(folder))
    dead.close()
    assert (folder / telegram.SOCKET).exists()
    assert not telegram.runs(folder)
    with pytest.raises(b4.ConfigError, match="no bot runs in"):
        ask(folder, Request("status"))
    assert with_control(folder, lambda: telegram.runs(folder))


def test_a_file_in_the_way_of_the_socket_is_left_alone(folder: Path) -> None:
    (folder / telegram.SOCKET).write_text("mine")
    with pytest.raises(b4.ConfigError, match="in the way of the control socket"):
        with_control(folder, lambda: None)
    assert (folder / telegram.SOCKET).read_text() == "mine"


def test_where_nobody_runs_is_one_line(folder: Path) -> None:
    with pytest.raises(b4.ConfigError, match=r"no bot runs in .*bot4 run starts one"):
        ask(folder / "gone", Request("status"))


def test_a_long_path_is_gone_from_here_and_else_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("x" * 60) / ("y" * 60)
    deep.mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(b4.ConfigError, match=r"too long a path for a socket.*--folder"):
        telegram.socket_path(deep)
    monkeypatch.chdir(deep.parent)
    assert telegram.socket_path(deep) == f"{deep.name}/{telegram.SOCKET}"
    assert with_control(deep, lambda: ask(deep, Request("status")))["ok"] is True


def test_a_server_that_never_answers_is_given_up(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telegram, "ANSWER_S_MAX", 0.2)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(telegram.socket_path(folder))
        silent.listen()
        with pytest.raises(b4.ConfigError, match="did not answer within"):
            ask(folder, Request("status"))

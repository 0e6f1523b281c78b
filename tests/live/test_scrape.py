"""The server of metrics answers who asks, and no client can hold anything up."""

import asyncio
import http.client
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

import bot4 as b4
from bot4.live.picture import Latest, Picture
from bot4.live.scrape import CLIENT_S_MAX, CLIENTS_MAX, Metrics
from live.pictures import picture


def latest() -> Latest[Picture]:
    slot: Latest[Picture] = Latest()
    slot.put(picture())
    return slot


@asynccontextmanager
async def serving(port: int = 0) -> AsyncIterator[Metrics]:
    component = Metrics("127.0.0.1", port, latest())
    await component.start()
    running = asyncio.create_task(component.run())
    try:
        yield component
    finally:
        async with asyncio.timeout(component.stop_s_max):
            await component.stop()
        await running


def get(port: int, path: str = "/metrics") -> tuple[int, str]:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        client.request("GET", path)
        answer = client.getresponse()
        return answer.status, answer.read().decode()
    finally:
        client.close()


@pytest.mark.parametrize(("path", "status"), [("/metrics", 200), ("/", 200), ("/other", 404)])
def test_a_scrape_is_answered_over_http(path: str, status: int) -> None:
    async def ask() -> tuple[int, str]:
        async with serving() as component:
            return await asyncio.to_thread(get, component.port, path)

    answered, text = asyncio.run(ask())
    assert answered == status
    assert ("bot4_equity 10012.34" in text) is (status == 200)


def test_clients_that_say_nothing_hold_nobody_up() -> None:
    async def ask() -> tuple[float, int, bytes]:
        async with serving() as component:
            address = ("127.0.0.1", component.port)
            dead = [socket.create_connection(address) for _ in range(CLIENTS_MAX - 1)]
            began = time.monotonic()
            status, _ = await asyncio.to_thread(get, component.port)
            took = time.monotonic() - began
            dead[0].settimeout(CLIENT_S_MAX + 3)
            hung_up = await asyncio.to_thread(dead[0].recv, 1)
            for client in dead:
                client.close()
            return took, status, hung_up

    took, status, hung_up = asyncio.run(ask())
    assert (status, hung_up) == (200, b"")
    assert took < CLIENT_S_MAX


def test_too_many_clients_are_hung_up_on_and_it_stops_in_time() -> None:
    async def ask() -> bytes:
        async with serving() as component:
            address = ("127.0.0.1", component.port)
            clients = [socket.create_connection(address) for _ in range(CLIENTS_MAX)]
            await asyncio.sleep(0.3)
            one_more = socket.create_connection(address)
            one_more.settimeout(CLIENT_S_MAX / 2)
            clients.append(one_more)
            try:
                return await asyncio.to_thread(one_more.recv, 1)
            finally:
                for client in clients:
                    client.close()

    assert asyncio.run(ask()) == b""


@pytest.mark.parametrize(
    ("host", "words"),
    [("127.0.0.1", "in use"), ("203.0.113.7", "assign"), ("no.such.host.invalid", "")],
)
def test_an_address_that_cannot_be_had_is_one_clear_line(host: str, words: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        component = Metrics(host, port, latest())
        with pytest.raises(
            b4.ConfigError, match=f"metrics cannot be served at {host}:{port}"
        ) as no:
            asyncio.run(component.start())
    assert words in str(no.value)
    assert "\n" not in str(no.value)

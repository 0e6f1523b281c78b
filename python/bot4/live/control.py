"""The socket by which a running bot is operated. Only its own user is listened to.

Every client is bounded: in the size of a request, in time, and in number.
"""

import asyncio
import json
import os
import socket
import stat
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from bot4 import logs
from bot4.errors import Bot4Error, ConfigError
from bot4.live.telegram import (
    CLIENT_S_MAX,
    REQUEST_BYTES_MAX,
    SOCKET,
    Request,
    owner,
    read_request,
    socket_path,
)

CLIENTS_MAX = 16
STOP_S_MAX = 1.0
_ACCEPT_S = 0.02
_PRIVATE = 0o177

Answer = Callable[[Request], Awaitable[dict[str, Any]]]


class Control:
    """The component that listens. `answer` does what is asked, or raises a Bot4Error."""

    name = "control"
    stop_s_max = STOP_S_MAX

    def __init__(self, folder: Path, answer: Answer) -> None:
        self._folder = folder
        self._answer = answer
        self._server: asyncio.Server | None = None
        self._owner = os.geteuid()
        self._clients: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen. A socket that a killed run left behind is taken over: the journal is ours."""
        line = _bound(self._folder)
        try:
            self._server = await asyncio.start_unix_server(
                self._welcome, sock=line, limit=REQUEST_BYTES_MAX
            )
        except BaseException:
            line.close()
            raise

    async def run(self) -> None:
        """Listen until cancelled."""
        if self._server is not None:
            await self._server.serve_forever()

    async def stop(self) -> None:
        """Hang up and leave no socket behind."""
        server, self._server = self._server, None
        if server is None:
            return
        await asyncio.sleep(_ACCEPT_S)  # asyncio forgets to close who is just being let in
        server.close()
        if self._clients:
            await asyncio.wait(self._clients, timeout=STOP_S_MAX / 2)
        for client in self._clients:
            client.cancel()
        if self._clients:
            await asyncio.wait(self._clients)
        with suppress(OSError):
            (self._folder / SOCKET).unlink()

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._clients.add(task)
            task.add_done_callback(self._clients.discard)
        if len(self._clients) > CLIENTS_MAX:
            writer.transport.abort()
            return
        try:
            async with asyncio.timeout(CLIENT_S_MAX):
                told = await self._told(reader, writer)
                writer.write(json.dumps(told, default=str).encode() + b"\n")
                await writer.drain()
        except (TimeoutError, OSError):
            logs.logger(self.name).info("a client was too slow, or left")
            writer.transport.abort()
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _told(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> dict[str, Any]:
        try:
            line = await reader.readline()
        except ValueError:  # asyncio's word for a line above its limit
            return _refused(f"the request is longer than {REQUEST_BYTES_MAX} bytes")
        try:
            if owner(writer.get_extra_info("socket")) not in {None, self._owner}:
                logs.logger(self.name).warning("somebody else's request was refused")
                return _refused("only the user who started the bot may operate it")
            request = read_request(line)
            return {"ok": True, **await self._answer(request)}
        except Bot4Error as error:
            return _refused(str(error))


def _refused(why: str) -> dict[str, Any]:
    return {"ok": False, "error": why}


def _bound(folder: Path) -> socket.socket:
    path = socket_path(folder)
    with suppress(FileNotFoundError):
        if not stat.S_ISSOCK(Path(path).lstat().st_mode):
            raise ConfigError(f"{path} is in the way of the control socket; move it elsewhere")
        Path(path).unlink()
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(_PRIVATE)
    try:
        line.bind(path)
    except OSError:
        line.close()
        raise
    finally:
        os.umask(mask)
    return line

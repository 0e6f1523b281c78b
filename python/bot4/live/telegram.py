"""What an operator and a running bot say to each other: one line of JSON there, one back.

The socket lies in the run's folder, which only its owner may enter. Whoever connects is asked by
the system who they are, where it can tell.
"""

import json
import os
import socket
import struct
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bot4._engine import JournalFile
from bot4.errors import ConfigError, JournalError, JournalInUseError, ParameterError, known_names
from bot4.paths import readable, reason
from bot4.run_folder import JOURNAL

SOCKET = "control.sock"
COMMANDS = ("status", "pause", "resume", "flatten", "halt", "kill", "rearm", "stop")
REQUEST_BYTES_MAX = 4096
ANSWER_BYTES_MAX = 4 << 20
# How long one client may take for its request, and how long it waits for the answer.
CLIENT_S_MAX = 5.0
ANSWER_S_MAX = 10.0
# What the address of a socket holds, with its closing zero: 104 on macOS, 108 on Linux.
_PATH_BYTES_MAX = 103
_STRATEGY_OF = ("pause", "resume")
_NAME_OF = ("kill", "rearm")
_CREDENTIALS = struct.Struct("3i")


@dataclass(frozen=True, slots=True)
class Request:
    """What an operator asks for."""

    command: str
    strategy: str | None = None
    name: str | None = None
    """Of ``kill`` the stage, of ``rearm`` the breaker."""
    reason: str | None = None


def socket_path(folder: Path) -> str:
    """Where the socket of a run lies, short enough for the system. Raises ConfigError.

    From the present folder where the whole path is too long: a way as long as the way there.
    """
    whole = folder.absolute() / SOCKET
    for path in (str(whole), os.path.relpath(whole)):
        if len(os.fsencode(path)) <= _PATH_BYTES_MAX:
            return path
    raise ConfigError(
        f"the folder {readable(folder)} has too long a path for a socket, of which "
        f"{_PATH_BYTES_MAX} bytes are allowed; choose a shorter one with --folder"
    )


def read_request(line: bytes) -> Request:
    """The request in a line. Raises ParameterError in the words that the operator is answered."""
    try:
        told = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ParameterError("the request is not a line of JSON") from error
    if not isinstance(told, dict) or not isinstance(told.get("command"), str):
        raise ParameterError('the request has no "command"')
    command, strategy = told["command"], told.get("strategy")
    if command not in COMMANDS:
        raise ParameterError(f"there is no command {command!r}; {known_names(command, COMMANDS)}")
    if strategy is not None and (command not in _STRATEGY_OF or not isinstance(strategy, str)):
        raise ParameterError(f"{command} takes no strategy of that kind")
    if command == "pause" and strategy is None:
        raise ParameterError("say which strategy to pause")
    name, why = told.get("name"), told.get("reason")
    for one in (name, why):
        if one is not None and (command not in _NAME_OF or not isinstance(one, str)):
            raise ParameterError(f"{command} takes no name and no reason of that kind")
    if command in _NAME_OF and name is None:
        raise ParameterError(f"say what to {command}")
    return Request(command, strategy, name, why)


def ask(folder: Path, request: Request) -> dict[str, Any]:
    """Ask the bot that runs in `folder`, and wait for its answer.

    Raises ConfigError: nobody runs there, it does not answer, or it refused.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(ANSWER_S_MAX)
            line.connect(socket_path(folder))
            line.sendall(json.dumps(asdict(request)).encode() + b"\n")
            answer = json.loads(_answer(line))
    except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError) as error:
        raise ConfigError(f"no bot runs in {readable(folder)}; bot4 run starts one") from error
    except TimeoutError as error:
        raise ConfigError(
            f"the bot in {readable(folder)} did not answer within {ANSWER_S_MAX:g} s"
        ) from error
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"the bot in {readable(folder)} cannot be asked: {reason(error)}"
        ) from error
    if not answer.get("ok"):
        raise ConfigError(str(answer.get("error", "the bot refused, and did not say why")))
    return dict(answer)


def runs(folder: Path) -> bool:
    """Whether a bot is alive in `folder`: whether anybody listens there."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(CLIENT_S_MAX)
            line.connect(socket_path(folder))
    except (OSError, ConfigError):
        return False
    return True


def holds_journal(folder: Path) -> bool:
    """Whether a bot has the journal in `folder` open; a damaged one is nobody's."""
    if not (folder / JOURNAL).exists():
        return False
    try:
        JournalFile(str(folder)).close()
    except JournalInUseError:
        return True
    except JournalError:
        return False
    return False


def owner(line: socket.socket) -> int | None:
    """The user at the other end; None where the system does not tell."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return None
    credentials = line.getsockopt(socket.SOL_SOCKET, option, _CREDENTIALS.size)
    return int(_CREDENTIALS.unpack(credentials)[1])


def _answer(line: socket.socket) -> bytes:
    received = b""
    while not received.endswith(b"\n"):
        part = line.recv(1 << 16)
        if not part:
            raise ConnectionResetError("it closed the line")
        received += part
        if len(received) > ANSWER_BYTES_MAX:
            raise ValueError("its answer has no end")
    return received

"""The server that Prometheus asks, in threads of its own.

A client that says nothing, or never reads its answer, is dropped after a while, there are never
more than a few, and nothing waits for any.
"""

import asyncio
import ipaddress
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from bot4.errors import ConfigError
from bot4.live.metrics import registry
from bot4.live.picture import Latest, Picture
from bot4.paths import reason

CLIENT_S_MAX = 2.0
CLIENTS_MAX = 8
STOP_S_MAX = 3.0
_PATHS = ("/", "/metrics")

_Request = socket.socket | tuple[bytes, socket.socket]


class Metrics:
    """The component that answers scrapes at an address."""

    name = "metrics"
    stop_s_max = STOP_S_MAX

    def __init__(self, host: str, port: int, latest: Latest[Picture]) -> None:
        self._host, self._port = host, port
        self._registry = registry(latest)
        self._server: _Server | None = None
        self._thread: ThreadPoolExecutor | None = None

    async def start(self) -> None:
        """Take the address. Raises ConfigError where it is taken, or none of this machine's."""
        try:
            self._server = _Server(self._host, self._port, self._registry)
        except (OSError, OverflowError) as error:
            raise ConfigError(
                f"metrics cannot be served at {self._host}:{self._port}: {reason(error)}; "
                "choose another address with --metrics or under [metrics]"
            ) from error
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=self.name)

    async def run(self) -> None:
        """Answer until cancelled."""
        if self._server is not None:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._thread, self._server.serve_forever, 0.1)

    async def stop(self) -> None:
        """Give the address back."""
        if self._server is not None and self._thread is not None:
            await asyncio.to_thread(self._server.shutdown)
            self._server.server_close()
            self._thread.shutdown(wait=False)
        self._server = self._thread = None

    @property
    def port(self) -> int:
        """Where it listens: the system's choice where it was asked for port 0."""
        return self._port if self._server is None else int(self._server.server_address[1])


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = CLIENTS_MAX

    def __init__(self, host: str, port: int, of: CollectorRegistry) -> None:
        self.of = of
        self.address_family = _address_family(host)
        self._room = threading.BoundedSemaphore(CLIENTS_MAX)
        super().__init__((host, port), _Scrape)

    def process_request(self, request: _Request, client_address: object) -> None:
        """Answer in a thread; above the limit of clients hang up."""
        if not self._room.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: _Request, client_address: object) -> None:
        """Answer, and make room for the next."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: _Request, client_address: object) -> None:
        """A client that leaves or stalls is no error of ours, and prints nothing."""
        self.shutdown_request(request)


class _Scrape(BaseHTTPRequestHandler):
    timeout = CLIENT_S_MAX
    server: _Server

    def do_GET(self) -> None:
        if self.path.partition("?")[0] not in _PATHS:
            self.send_error(404, "metrics are at /metrics")
            return
        encode, kind = choose_encoder(self.headers.get("Accept", ""))
        body = encode(self.server.of)
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep scrapes out of the terminal; they come every few seconds."""
        del format, args


def _address_family(host: str) -> socket.AddressFamily:
    try:
        version = ipaddress.ip_address(host).version
    except ValueError:
        return socket.AF_INET
    return socket.AF_INET6 if version == 6 else socket.AF_INET

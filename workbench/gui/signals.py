"""Ctrl+C in the terminal and the end of a desktop session close the window as its own button does."""

import contextlib
import signal
import socket
from collections.abc import Iterator

import shiboken6
from PySide6.QtCore import QSocketNotifier
from PySide6.QtWidgets import QWidget

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


@contextlib.contextmanager
def close_on_signal(window: QWidget) -> Iterator[None]:
    """While inside, those signals close the window.

    Python only looks at signals between two of its own instructions, and while nothing happens a window runs none:
    the signal is written into a socket, and Qt wakes up from that.
    """
    reading, writing = socket.socketpair()
    reading.setblocking(False)
    writing.setblocking(False)
    notifier = QSocketNotifier(reading.fileno(), QSocketNotifier.Type.Read)

    def close() -> None:
        with contextlib.suppress(BlockingIOError):
            reading.recv(64)
        if shiboken6.isValid(window):  # a second signal may come when it has been closed by the first
            window.close()

    notifier.activated.connect(close)
    old_socket = signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
    old_handlers = {number: signal.signal(number, _noted) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in old_handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(old_socket)
        notifier.setEnabled(False)
        reading.close()
        writing.close()


def _noted(_number: int, _frame: object) -> None:
    """The socket has it."""

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Chromium without a window, from Debian's packages: what it renders, what it fetches, and what its keyboard reaches."""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import json
import os
import select
import shutil
import signal
import struct
import subprocess
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .environment import install_programs

_PROGRAMS = {"chromium": "chromium", "pdftotext": "poppler-utils"}
#: What the browser would ask for by itself.
_QUIET = (
    "--disable-background-networking", "--disable-component-update", "--disable-default-apps", "--disable-domain-reliability",
    "--disable-extensions", "--disable-sync", "--no-default-browser-check", "--no-first-run", "--no-pings", "--metrics-recording-only",
    # Whatever it asks for in spite of that, no name leads anywhere.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)  # fmt: skip
_NO_ORIGIN = "not an origin"
_SECONDS = 120
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Chromium:
    """The browser, with a profile of its own.

    Attributes:
        directory: where the profile and its logs are.
    """

    directory: Path

    @classmethod
    def installed(cls, directory: Path) -> Chromium:
        """The machine's browser, which is installed first where there is none.

        Raises:
            SetupError: when there is none and no apt that could get it.
        """
        install_programs(_PROGRAMS)
        return cls(directory)

    def dom(self, page: str) -> str:
        """The document as the browser has built it."""
        return self._run(page, "--dump-dom")

    def screenshot(self, page: str, *, dark: bool = False, width: int = 1280, height: int = 1400) -> Picture:
        """What is on the screen."""
        target = self.directory / "screen.png"
        target.unlink(missing_ok=True)
        scheme = [f"--blink-settings=preferredColorScheme={0 if dark else 1}", *(["--force-dark-mode"] if dark else [])]
        self._run(page, f"--screenshot={target}", f"--window-size={width},{height}", "--hide-scrollbars", *scheme)
        return Picture.parse(target.read_bytes())

    def printed(self, page: str) -> str:
        """The text on paper."""
        target = self.directory / "page.pdf"
        target.unlink(missing_ok=True)
        self._run(page, f"--print-to-pdf={target}", "--no-pdf-header-footer")
        return subprocess.run(["pdftotext", "-layout", target, "-"], capture_output=True, check=True, text=True).stdout

    def requested(self, page: str) -> list[str]:
        """The page, and every URL that it made the browser ask for, by the browser's own log of the network."""
        log = self.directory / "net.json"
        log.unlink(missing_ok=True)
        self._run(page, "--dump-dom", f"--log-net-log={log}")
        text = log.read_text(encoding="utf-8")
        # A browser that ends at once leaves the list open.
        document = json.loads(text if text.rstrip().endswith("}") else f"{text.rstrip().rstrip(',')}]}}")
        started = document["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
        found = [
            event["params"]
            for event in document["events"]
            if event["type"] == started and "url" in event.get("params", {})
        ]
        # What the browser asks for by itself has no origin, and neither has the page.
        urls = [item["url"] for item in found if item.get("initiator") != _NO_ORIGIN or item["url"] == page]
        return list(dict.fromkeys(urls))

    @contextlib.contextmanager
    def at_keyboard(self, page: str) -> Iterator[Keyboard]:
        """Somebody who has the page before them, and no mouse."""
        reads, writes = os.pipe(), os.pipe()
        # What the browser inherits must not be in the place of what it uses then.
        ours, theirs = (
            (reads[0], writes[1]),
            [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10) for fd in (writes[0], reads[1])],
        )
        program = shutil.which("chromium") or "chromium"
        command = self._command("about:blank", "--remote-debugging-pipe", "--window-size=1280,1400")
        quiet = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_WRONLY, 0) for fd in (1, 2)]
        actions = [*quiet, (os.POSIX_SPAWN_DUP2, theirs[0], 3), (os.POSIX_SPAWN_DUP2, theirs[1], 4)]
        pid = os.posix_spawn(program, command, dict(os.environ), file_actions=actions, setsid=True)
        for fd in (*theirs, writes[0], reads[1]):
            os.close(fd)
        try:
            yield Keyboard.before(page, *ours)
        finally:
            os.killpg(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            for fd in ours:
                os.close(fd)

    def _command(self, page: str, *options: str) -> list[str]:
        fixed = (
            "chromium",
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={self.directory / 'profile'}",
        )
        return [*fixed, *_QUIET, *options, page]

    def _run(self, page: str, *options: str) -> str:
        ended = subprocess.run(
            self._command(page, *options), capture_output=True, check=True, timeout=_SECONDS, text=True
        )
        return ended.stdout


class Keyboard:
    """A page of a browser to which keys are pressed, by the protocol of its developer tools (https://chromedevtools.github.io/devtools-protocol/)."""

    _CODES = {"Tab": (9, ""), "Enter": (13, "\r")}  # noqa: RUF012 (nobody changes it)

    def __init__(self, reads: int, writes: int) -> None:
        """``reads`` and ``writes``: the ends of the pipes to the browser that are ours."""
        self._reads, self._writes = reads, writes
        self._session, self._number, self._left = "", 0, b""

    @classmethod
    def before(cls, page: str, reads: int, writes: int) -> Keyboard:
        """When the page is there."""
        made = cls(reads, writes)
        target = made._call("Target.createTarget", url=page)["targetId"]
        made._session = made._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        made._call("Emulation.setFocusEmulationEnabled", enabled=True)
        deadline = time.monotonic() + _SECONDS
        while made.evaluate("document.readyState + location.href") != f"complete{page}":
            if time.monotonic() > deadline:
                raise TimeoutError(page)
            time.sleep(0.05)
        return made

    def press(self, key: str) -> None:
        """A key, down and up."""
        code, text = self._CODES[key]
        common = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        self._call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **common)
        self._call("Input.dispatchKeyEvent", type="keyUp", **common)

    def evaluate(self, expression: str) -> Any:
        """What an expression is in the page, as JSON has it."""
        result = self._call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in result:
            raise ValueError(result["exceptionDetails"])
        return result["result"].get("value")

    def _call(self, method: str, **parameters: Any) -> Any:
        self._number += 1
        session = {"sessionId": self._session} if self._session else {}
        message = {"id": self._number, "method": method, "params": parameters, **session}
        os.write(self._writes, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise ValueError(f"{method}: {answer['error']}")
                return answer["result"]

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._left:
            if not select.select([self._reads], [], [], _SECONDS)[0]:
                raise TimeoutError("the browser says nothing")
            part = os.read(self._reads, 1 << 16)
            if not part:
                raise EOFError("the browser has ended")
            self._left += part
        first, _end, self._left = self._left.partition(b"\0")
        found: dict[str, Any] = json.loads(first)
        return found


@dataclass(frozen=True)
class Picture:
    """A picture in the format PNG.

    Attributes:
        width: in pixels.
        height: in pixels.
        first: red, green and blue of the pixel in the upper left corner.
        different_lines: how many of its lines are unlike the one above.
    """

    width: int
    height: int
    first: tuple[int, int, int]
    different_lines: int

    @classmethod
    def parse(cls, content: bytes) -> Picture:
        """A picture of eight bits for each colour, without interlacing.

        Raises:
            ValueError: when it is none.
        """
        if not content.startswith(_PNG):
            raise ValueError("no PNG")
        width, height, depth, colours = struct.unpack(">IIBB", content[16:26])
        channels = {2: 3, 6: 4}.get(colours)
        if depth != 8 or channels is None:
            raise ValueError(f"a PNG of {depth} bits and kind {colours}")
        data = zlib.decompress(b"".join(_chunks(content, b"IDAT")))
        size = 1 + width * channels
        lines = [data[start : start + size] for start in range(0, len(data), size)]
        # In the first pixel of the first line every filter leaves the colours as they are. A line like the one above is all zeros, by the
        # filter "up", or has its neighbours' bytes.
        different = sum(any(line[1:]) and line != above for above, line in itertools.pairwise(lines))
        return cls(width, height, (data[1], data[2], data[3]), different)


def _chunks(content: bytes, kind: bytes) -> list[bytes]:
    found, at = [], len(_PNG)
    while at < len(content):
        (length,) = struct.unpack(">I", content[at : at + 4])
        if content[at + 4 : at + 8] == kind:
            found.append(content[at + 8 : at + 8 + length])
        at += length + 12
    return found


__all__ = ("Chromium", "Keyboard", "Picture")

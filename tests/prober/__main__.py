# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line of the prober: probes until SIGTERM, SIGINT or the end of ``--duration``, then prints a JSON summary."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import math
import os
import signal
import sys
from pathlib import Path

from tests.prober.analysis import describe_log
from tests.prober.log import LogWriter, read_log
from tests.prober.probe import verifying_context
from tests.prober.schedule import OpenLoop
from tests.prober.target import Protocol, Target, parse_resolution, parse_target


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.prober",
        description="Open-loop prober: every interval one new, verified connection per target.",
    )
    form = "NAME=[https://|http://|tcp://]HOST:PORT[/path]"
    parser.add_argument("--target", action="append", default=[], metavar="NAME=...", help=f"probe {form}")
    parser.add_argument(
        "--wait", action="append", default=[], metavar="NAME=...", help="count from the first success only"
    )
    parser.add_argument("--resolve", action="append", default=[], metavar="HOST=ADDRESS", help="connect there for HOST")
    parser.add_argument("--ca", type=Path, metavar="FILE", help="CA certificates (PEM); required with https targets")
    parser.add_argument("--certificate", type=Path, metavar="FILE", help="client certificate and its key (PEM)")
    parser.add_argument("--interval", type=float, default=0.05, metavar="SECONDS", help="default: %(default)s")
    parser.add_argument("--timeout", type=float, default=1.0, metavar="SECONDS", help="default: %(default)s")
    parser.add_argument("--duration", type=float, default=math.inf, metavar="SECONDS", help="default: until a signal")
    parser.add_argument("--log", type=Path, required=True, metavar="FILE.jsonl", help="log, overwritten")
    parser.add_argument("--summary", type=Path, metavar="FILE.json", help="write the summary there as well")
    parser.add_argument("--stop-on-eof", action="store_true", help="stop when standard input is closed")
    return parser


def _targets(options: argparse.Namespace) -> tuple[Target, ...]:
    """Return the targets of the command line.

    :raises ValueError: when one is malformed, a name occurs twice, or there is none.
    """
    addresses = dict(parse_resolution(text) for text in options.resolve)
    parsed = [parse_target(text) for text in options.target] + [parse_target(text, wait=True) for text in options.wait]
    names = [target.name for target in parsed]
    if not names or len(set(names)) != len(names):
        raise ValueError("give at least one --target or --wait, each with a name of its own")
    return tuple(dataclasses.replace(target, address=addresses.get(target.host)) for target in parsed)


async def _run(options: argparse.Namespace, targets: tuple[Target, ...], writer: LogWriter) -> None:
    context = verifying_context(options.ca, options.certificate) if options.ca is not None else None
    prober = OpenLoop(
        targets,
        interval=options.interval,
        timeout=options.timeout,
        context=context,
        writer=writer,
        duration=options.duration,
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, prober.stop)
    if options.stop_on_eof:
        loop.add_reader(sys.stdin.fileno(), _read_input, loop, prober)
    await prober.run()


def _read_input(loop: asyncio.AbstractEventLoop, prober: OpenLoop) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        loop.remove_reader(sys.stdin.fileno())
        prober.stop()


def main() -> int:
    """Return the exit status: 0 after an orderly stop, 1 when the prober could not work, 2 for bad arguments."""
    parser = _parser()
    options = parser.parse_args()
    try:
        targets = _targets(options)
    except ValueError as error:
        parser.error(str(error))
    if options.ca is None and any(target.protocol is Protocol.HTTPS for target in targets):
        parser.error("--ca is required with https targets")
    if options.interval <= 0 or options.timeout <= 0:
        parser.error("--interval and --timeout must be greater than 0")
    try:
        writer = LogWriter(options.log, truncate=True)
        try:
            asyncio.run(_run(options, targets, writer))
        finally:
            writer.close()
        summary = json.dumps(describe_log(read_log(options.log)), indent=2)
        if options.summary is not None:
            options.summary.write_text(summary + "\n", encoding="utf-8")
    except OSError as error:
        print(f"prober: {error}", file=sys.stderr)
        return 1
    print(summary)
    return 0


if __name__ == "__main__":
    sys.exit(main())

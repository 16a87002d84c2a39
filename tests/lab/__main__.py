# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line of the lab: ``python3 tests/lab COMMAND`` (see docs/lab.md)."""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
from collections.abc import Sequence
from pathlib import Path

if not __package__:
    # Run as a directory: make the package importable by its full name.
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from tests.lab import machine, paths, shell, topology
from tests.lab.build import Builder, Desired
from tests.lab.errors import LabError
from tests.lab.lab import Labs
from tests.lab.podman import Podman

_EVENTS = {
    "kill": "a node is gone at once, as by a power failure",
    "stop": "a node shuts down in order",
    "start": "a killed or stopped node boots",
    "pause": "a node freezes",
    "unpause": "a frozen node goes on",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit status is 0, 1 (failed) or 2 (wrong input)."""
    given = _parser().parse_args(arguments)
    try:
        _COMMANDS.get(given.command, _event)(given)
    except LabError as error:
        sys.stderr.write(f"lab: {error}\n")
        return error.status
    except OSError as error:
        sys.stderr.write(f"lab: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("lab: interrupted\n")
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 tests/lab", description="Real kubeadm clusters on one machine.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("setup", help="install what the machine needs")
    _add_build(commands.add_parser("build", help="build binaries and images, when they are not there yet"))
    up = commands.add_parser("up", help="make a lab")
    up.add_argument("topology", metavar="TOPOLOGY", help="a name in tests/lab/topologies, or a TOML file")
    up.add_argument("--name", help="name of the lab (default: the topology's)")
    up.add_argument("--version", help="of Kubernetes (default: the topology's)")
    _add_binaries(up)
    down = commands.add_parser("down", help="remove a lab and everything that it made")
    down.add_argument("--all", action="store_true", help="remove all labs of this machine")
    execute = commands.add_parser("exec", help="run a command on a node, as root")
    others = {
        "status": "show the nodes of a lab",
        "inventory": "print the path of a lab's Ansible inventory",
    }
    named = [down, execute, *(commands.add_parser(name, help=text) for name, text in others.items())]
    for name, text in _EVENTS.items():
        event = commands.add_parser(name, help=text)
        event.add_argument("node", metavar="NODE")
        named.append(event)
    for command in named:
        command.add_argument("--name", help="name of the lab (default: the only one)")
    execute.add_argument("node", metavar="NODE")
    execute.add_argument("arguments", metavar="-- COMMAND", nargs=argparse.REMAINDER)
    return parser


def _add_build(build: argparse.ArgumentParser) -> None:
    build.add_argument("--version", default=topology.DEFAULT_KUBERNETES, help="of Kubernetes (default: %(default)s)")
    _add_binaries(build)
    build.add_argument("--print-bin", action="store_true", help="build the binaries only and print their directory")
    build.add_argument(
        "--mirror", action="store_true", help="also what bare hosts become nodes from: packages, flannel, images"
    )
    build.add_argument("--keep-go", action="store_true", help="keep Go's caches (4 GB) for work on the recipe")


def _add_binaries(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--binaries",
        type=Path,
        metavar="DIR",
        default=os.environ.get("KUBEADM_HA_BINARIES") or None,
        help="use Kubernetes' programs of this directory (default: $KUBEADM_HA_BINARIES, else they are built)",
    )


def _setup(_given: argparse.Namespace) -> None:
    machine.prepare(paths.cache())


def _build(given: argparse.Namespace) -> None:
    cache = paths.cache()
    machine.prepare(cache)
    builder = Builder(cache, Podman(containers_conf=cache.containers_conf))
    desired = Desired(version=topology.check_version(given.version), binaries=given.binaries, keep_go=given.keep_go)
    if given.print_bin:
        _print(builder.binaries(desired))
        return
    node = builder.node(desired)
    _print(
        f"Kubernetes  {node.version}\nbinaries    {node.binaries}\nimage store {node.store}\nnode image  {node.image}"
    )
    _print(f"host image  {builder.host_image()}\nbare image  {builder.bare_image()}")
    if given.mirror:
        mirror = builder.mirror(desired)
        _print(f"mirror      {mirror.content}\nmirror image {mirror.image}")
        _print(f"flannel     {builder.flannel()}")


def _up(given: argparse.Namespace) -> None:
    wanted = topology.load(topology.find(given.topology))
    if given.version:
        wanted = dataclasses.replace(wanted, kubernetes=topology.check_version(given.version))
    _labs().up(given.name or wanted.name, wanted, binaries=given.binaries)


def _down(given: argparse.Namespace) -> None:
    labs = _labs()
    names = labs.names() if given.all else [labs.only(given.name)]
    for name in names:
        labs.down(name)


def _status(given: argparse.Namespace) -> None:
    labs = _labs()
    names = [given.name] if given.name else labs.names()
    _print("\n\n".join(labs.status(name) for name in names) or "there is no lab")


def _inventory(given: argparse.Namespace) -> None:
    labs = _labs()
    _print(labs.inventory(labs.only(given.name)))


def _exec(given: argparse.Namespace) -> None:
    command = given.arguments[1:] if given.arguments[:1] == ["--"] else given.arguments
    if not command:
        raise LabError("exec needs a command: exec NODE -- COMMAND")
    labs = _labs()
    labs.execute(labs.only(given.name), given.node, command, terminal=sys.stdin.isatty() and sys.stdout.isatty())


def _event(given: argparse.Namespace) -> None:
    labs = _labs()
    name = labs.only(given.name)
    getattr(labs, given.command)(name, given.node)
    shell.say(f"{given.command} {given.node} done")


def _labs() -> Labs:
    cache = paths.cache()
    machine.prepare(cache)
    return Labs(cache)


def _print(value: object) -> None:
    sys.stdout.write(f"{value}\n")


_COMMANDS = {
    "setup": _setup,
    "build": _build,
    "up": _up,
    "down": _down,
    "status": _status,
    "inventory": _inventory,
    "exec": _exec,
}


if __name__ == "__main__":
    sys.exit(main())

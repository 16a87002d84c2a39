#!/bin/sh
# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# programs.sh DIRECTORY: programs of Kubernetes that print their version, and an archive of CNI plugins, with the digest of each beside it. In
# DIRECTORY/tampered the archive is another one than its digest says.
set -eu
out=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out/tampered"

program() { # NAME PRINTED: a program that prints its version
    printf '#!/bin/sh\nif [ "$#" -gt 0 ]; then echo "%s"; else exec sleep infinity; fi\n' "$2" >"$out/$1"
    sha256sum "$out/$1" | cut -d' ' -f1 >"$out/$1.sha256"
}

plugins() { # PRINTED ARCHIVE: plugins that print a text
    for name in loopback portmap; do
        printf '#!/bin/sh\necho %s\n' "$1" >"$work/$name"
        chmod 0755 "$work/$name"
    done
    tar --create --gzip --file="$2" --directory="$work" loopback portmap
}

program kubeadm v1.34.4
program kubectl 'Client Version: v1.34.4'
program kubelet 'Kubernetes v1.34.4'
cp "$out"/kube* "$out/tampered/"
plugins genuine "$out/cni-plugins.tgz"
plugins tampered "$out/tampered/cni-plugins.tgz"
# As sha256sum writes it, with the name.
(cd "$out" && sha256sum cni-plugins.tgz >cni-plugins.tgz.sha256)
cp "$out/cni-plugins.tgz.sha256" "$out/tampered/"

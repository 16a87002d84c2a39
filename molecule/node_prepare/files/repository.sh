#!/bin/sh
# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# repository.sh DIRECTORY: a signed flat repository with kubeadm, kubelet and kubectl of two versions, laid out as Kubernetes' own
set -eu
out=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out"

package() { # NAME VERSION PRINTED: a program that prints its version
    root=$work/$1-$2
    mkdir -p "$root/DEBIAN" "$root/usr/bin"
    printf 'Package: %s\nVersion: %s-1.1\nArchitecture: all\nMaintainer: test <test@invalid>\nDescription: %s\n' "$1" "$2" "$1" \
        >"$root/DEBIAN/control"
    printf '#!/bin/sh\nif [ "$#" -gt 0 ]; then echo "%s"; else exec sleep infinity; fi\n' "$3" >"$root/usr/bin/$1"
    chmod 0755 "$root/usr/bin/$1"
    if [ "$1" = kubelet ]; then
        mkdir -p "$root/usr/lib/systemd/system"
        printf '[Service]\nExecStart=/usr/bin/kubelet\n[Install]\nWantedBy=multi-user.target\n' \
            >"$root/usr/lib/systemd/system/kubelet.service"
    fi
    dpkg-deb --root-owner-group -Znone --build "$root" "$out/$1_$2.deb" >/dev/null
}

for version in 1.34.4 1.34.5; do
    package kubeadm "$version" "v$version"
    package kubectl "$version" "Client Version: v$version"
    package kubelet "$version" "Kubernetes v$version"
done
cd "$out"
dpkg-scanpackages --multiversion . >Packages 2>/dev/null
{
    printf 'Date: %s\nSHA256:\n' "$(LC_ALL=C date -R -u)"
    printf ' %s %s Packages\n' "$(sha256sum Packages | cut -d' ' -f1)" "$(stat -c %s Packages)"
} >Release
GNUPGHOME=$work/gnupg
export GNUPGHOME
mkdir -m 0700 "$GNUPGHOME"
gpg --batch --quiet --pinentry-mode loopback --passphrase '' --quick-generate-key 'test repository' ed25519 sign 1d
gpg --batch --quiet --armor --export >Release.key
gpg --batch --quiet --yes --clearsign --output InRelease Release
gpgconf --kill all

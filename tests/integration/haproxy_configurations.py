# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""haproxy.cfg as the role apiserver_haproxy wrote it while its template still did the computing, for the same inputs.

``DIGEST`` stands for the digest. The texts are haproxy's input: a change of one is a change of every balancer at the next run.
"""

from __future__ import annotations

import typing as t

CA = "-----BEGIN CERTIFICATE-----\nQ0E=\n-----END CERTIFICATE-----\n"
BACKENDS: list[dict[str, t.Any]] = [
    {"name": "cp1", "address": "192.0.2.11"},
    {"name": "cp2", "address": "192.0.2.12", "port": "6443"},
    {"name": "cp3.example.net", "address": "cp3.example.net", "port": 7443},
]
#: Variables of every case.
COMMON: dict[str, t.Any] = {
    "kubeadm_ha_endpoint": "api.example.net:6443",
    "apiserver_haproxy_backends": BACKENDS,
    "apiserver_haproxy_ca_certificate": CA,
}


class Case(t.NamedTuple):
    """Variables of a host beside :data:`COMMON`, and what its file was."""

    variables: dict[str, t.Any]
    text: str


CASES: dict[str, Case] = {
    "defaults": Case(
        {},
        """\
#
# Ansible managed
#
# Configuration of the Ansible role kubeadm.ha.apiserver_haproxy
global
  log stdout format raw daemon notice
  chroot /var/lib/haproxy
  user haproxy
  group haproxy
  maxconn 4000
  hard-stop-after 24h
  stats socket /var/lib/haproxy/kubernetes-apiserver-admin.sock mode 600 level admin expose-fd listeners
  # Ends the sessions of a server that is down while another one is ready.
  lua-load /etc/haproxy/kubernetes-apiserver.lua

defaults
  log global
  timeout connect 300ms
  timeout check 500ms
  # Watches, exec and port-forward may be silent for hours: dead peers are found by TCP keepalive instead.
  timeout client 24h
  timeout server 24h
  option clitcpka
  clitcpka-idle 30s
  clitcpka-intvl 5s
  clitcpka-cnt 3
  option srvtcpka
  srvtcpka-idle 30s
  srvtcpka-intvl 5s
  srvtcpka-cnt 3

frontend kubernetes-apiserver
  mode tcp
  bind :::6443 v4v6
  default_backend kubernetes-apiserver

backend kubernetes-apiserver
  mode tcp
  balance leastconn
  retries 3
  option redispatch 1
  option httpchk
  http-check send meth GET uri /readyz ver HTTP/1.1 hdr Host kubernetes hdr User-Agent haproxy
  http-check expect status 200
  default-server inter 500ms fastinter 200ms downinter 200ms fall 2 rise 2
  default-server check check-ssl verify required ca-file /etc/haproxy/kubernetes-ca.crt verifyhost kubernetes
  default-server observe layer4 error-limit 1 on-error mark-down init-addr last,libc,none
  server cp1 192.0.2.11:6443
  server cp2 192.0.2.12:6443
  server cp3.example.net cp3.example.net:7443
  # The same servers once more: used without any check for as long as every check fails.
  option allbackups
  server cp1:unchecked 192.0.2.11:6443 backup no-check observe none
  server cp2:unchecked 192.0.2.12:6443 backup no-check observe none
  server cp3.example.net:unchecked cp3.example.net:7443 backup no-check observe none

# curl --unix-socket /var/lib/haproxy/kubernetes-apiserver-status.sock http://localhost/
frontend kubernetes-apiserver-status
  mode http
  bind unix@/var/lib/haproxy/kubernetes-apiserver-status.sock mode 600
  http-request return status 200 content-type application/json lf-string '{"configuration":"DIGEST","ready":{"cp1":%[srv_is_up(kubernetes-apiserver/cp1),iif(true,false)],"cp2":%[srv_is_up(kubernetes-apiserver/cp2),iif(true,false)],"cp3.example.net":%[srv_is_up(kubernetes-apiserver/cp3.example.net),iif(true,false)]}}'
""",
    ),
    "tcp": Case(
        {"apiserver_haproxy_check": "tcp", "apiserver_haproxy_probe_certificate": True},
        """\
#
# Ansible managed
#
# Configuration of the Ansible role kubeadm.ha.apiserver_haproxy
global
  log stdout format raw daemon notice
  chroot /var/lib/haproxy
  user haproxy
  group haproxy
  maxconn 4000
  hard-stop-after 24h
  stats socket /var/lib/haproxy/kubernetes-apiserver-admin.sock mode 600 level admin expose-fd listeners
  # Ends the sessions of a server that is down while another one is ready.
  lua-load /etc/haproxy/kubernetes-apiserver.lua

defaults
  log global
  timeout connect 300ms
  timeout check 500ms
  # Watches, exec and port-forward may be silent for hours: dead peers are found by TCP keepalive instead.
  timeout client 24h
  timeout server 24h
  option clitcpka
  clitcpka-idle 30s
  clitcpka-intvl 5s
  clitcpka-cnt 3
  option srvtcpka
  srvtcpka-idle 30s
  srvtcpka-intvl 5s
  srvtcpka-cnt 3

frontend kubernetes-apiserver
  mode tcp
  bind :::6443 v4v6
  default_backend kubernetes-apiserver

backend kubernetes-apiserver
  mode tcp
  balance leastconn
  retries 3
  option redispatch 1
  default-server inter 500ms fastinter 200ms downinter 200ms fall 2 rise 2
  default-server check check-ssl verify required ca-file /etc/haproxy/kubernetes-ca.crt verifyhost kubernetes
  default-server observe layer4 error-limit 1 on-error mark-down init-addr last,libc,none
  server cp1 192.0.2.11:6443
  server cp2 192.0.2.12:6443
  server cp3.example.net cp3.example.net:7443
  # The same servers once more: used without any check for as long as every check fails.
  option allbackups
  server cp1:unchecked 192.0.2.11:6443 backup no-check observe none
  server cp2:unchecked 192.0.2.12:6443 backup no-check observe none
  server cp3.example.net:unchecked cp3.example.net:7443 backup no-check observe none

# curl --unix-socket /var/lib/haproxy/kubernetes-apiserver-status.sock http://localhost/
frontend kubernetes-apiserver-status
  mode http
  bind unix@/var/lib/haproxy/kubernetes-apiserver-status.sock mode 600
  http-request return status 200 content-type application/json lf-string '{"configuration":"DIGEST","ready":{"cp1":%[srv_is_up(kubernetes-apiserver/cp1),iif(true,false)],"cp2":%[srv_is_up(kubernetes-apiserver/cp2),iif(true,false)],"cp3.example.net":%[srv_is_up(kubernetes-apiserver/cp3.example.net),iif(true,false)]}}'
""",
    ),
    "ipv4": Case(
        {
            "apiserver_haproxy_bind_address": "192.0.2.10",
            "apiserver_haproxy_backends": BACKENDS[:1],
            "apiserver_haproxy_metrics_bind": "127.0.0.1:8405",
        },
        """\
#
# Ansible managed
#
# Configuration of the Ansible role kubeadm.ha.apiserver_haproxy
global
  log stdout format raw daemon notice
  chroot /var/lib/haproxy
  user haproxy
  group haproxy
  maxconn 4000
  hard-stop-after 24h
  stats socket /var/lib/haproxy/kubernetes-apiserver-admin.sock mode 600 level admin expose-fd listeners
  # Ends the sessions of a server that is down while another one is ready.
  lua-load /etc/haproxy/kubernetes-apiserver.lua

defaults
  log global
  timeout connect 300ms
  timeout check 500ms
  # Watches, exec and port-forward may be silent for hours: dead peers are found by TCP keepalive instead.
  timeout client 24h
  timeout server 24h
  option clitcpka
  clitcpka-idle 30s
  clitcpka-intvl 5s
  clitcpka-cnt 3
  option srvtcpka
  srvtcpka-idle 30s
  srvtcpka-intvl 5s
  srvtcpka-cnt 3

frontend kubernetes-apiserver
  mode tcp
  bind 192.0.2.10:6443
  default_backend kubernetes-apiserver

backend kubernetes-apiserver
  mode tcp
  balance leastconn
  retries 3
  option redispatch 1
  option httpchk
  http-check send meth GET uri /readyz ver HTTP/1.1 hdr Host kubernetes hdr User-Agent haproxy
  http-check expect status 200
  default-server inter 500ms fastinter 200ms downinter 200ms fall 2 rise 2
  default-server check check-ssl verify required ca-file /etc/haproxy/kubernetes-ca.crt verifyhost kubernetes
  default-server observe layer4 error-limit 1 on-error mark-down init-addr last,libc,none
  server cp1 192.0.2.11:6443
  # The same servers once more: used without any check for as long as every check fails.
  option allbackups
  server cp1:unchecked 192.0.2.11:6443 backup no-check observe none

# curl --unix-socket /var/lib/haproxy/kubernetes-apiserver-status.sock http://localhost/
frontend kubernetes-apiserver-status
  mode http
  bind unix@/var/lib/haproxy/kubernetes-apiserver-status.sock mode 600
  http-request return status 200 content-type application/json lf-string '{"configuration":"DIGEST","ready":{"cp1":%[srv_is_up(kubernetes-apiserver/cp1),iif(true,false)]}}'

frontend kubernetes-apiserver-metrics
  mode http
  bind 127.0.0.1:8405
  timeout client 30s
  timeout http-request 10s
  http-request use-service prometheus-exporter if { path /metrics }
  http-request return status 404
""",
    ),
    "ipv6": Case(
        {
            "kubeadm_ha_endpoint": "[2001:db8::10]:8443",
            "apiserver_haproxy_bind_address": "2001:db8::10",
            "apiserver_haproxy_metrics_bind": "[::1]:8405",
            "apiserver_haproxy_backends": [
                {"name": "cp1", "address": "2001:db8::11"},
                {"name": "cp2", "address": "2001:db8::12", "port": 6444},
            ],
        },
        """\
#
# Ansible managed
#
# Configuration of the Ansible role kubeadm.ha.apiserver_haproxy
global
  log stdout format raw daemon notice
  chroot /var/lib/haproxy
  user haproxy
  group haproxy
  maxconn 4000
  hard-stop-after 24h
  stats socket /var/lib/haproxy/kubernetes-apiserver-admin.sock mode 600 level admin expose-fd listeners
  # Ends the sessions of a server that is down while another one is ready.
  lua-load /etc/haproxy/kubernetes-apiserver.lua

defaults
  log global
  timeout connect 300ms
  timeout check 500ms
  # Watches, exec and port-forward may be silent for hours: dead peers are found by TCP keepalive instead.
  timeout client 24h
  timeout server 24h
  option clitcpka
  clitcpka-idle 30s
  clitcpka-intvl 5s
  clitcpka-cnt 3
  option srvtcpka
  srvtcpka-idle 30s
  srvtcpka-intvl 5s
  srvtcpka-cnt 3

frontend kubernetes-apiserver
  mode tcp
  bind [2001:db8::10]:8443
  default_backend kubernetes-apiserver

backend kubernetes-apiserver
  mode tcp
  balance leastconn
  retries 3
  option redispatch 1
  option httpchk
  http-check send meth GET uri /readyz ver HTTP/1.1 hdr Host kubernetes hdr User-Agent haproxy
  http-check expect status 200
  default-server inter 500ms fastinter 200ms downinter 200ms fall 2 rise 2
  default-server check check-ssl verify required ca-file /etc/haproxy/kubernetes-ca.crt verifyhost kubernetes
  default-server observe layer4 error-limit 1 on-error mark-down init-addr last,libc,none
  server cp1 [2001:db8::11]:6443
  server cp2 [2001:db8::12]:6444
  # The same servers once more: used without any check for as long as every check fails.
  option allbackups
  server cp1:unchecked [2001:db8::11]:6443 backup no-check observe none
  server cp2:unchecked [2001:db8::12]:6444 backup no-check observe none

# curl --unix-socket /var/lib/haproxy/kubernetes-apiserver-status.sock http://localhost/
frontend kubernetes-apiserver-status
  mode http
  bind unix@/var/lib/haproxy/kubernetes-apiserver-status.sock mode 600
  http-request return status 200 content-type application/json lf-string '{"configuration":"DIGEST","ready":{"cp1":%[srv_is_up(kubernetes-apiserver/cp1),iif(true,false)],"cp2":%[srv_is_up(kubernetes-apiserver/cp2),iif(true,false)]}}'

frontend kubernetes-apiserver-metrics
  mode http
  bind [::1]:8405
  timeout client 30s
  timeout http-request 10s
  http-request use-service prometheus-exporter if { path /metrics }
  http-request return status 404
""",
    ),
    "presented": Case(
        {"apiserver_haproxy_probe_certificate": "yes", "apiserver_haproxy_probe_signer": "cp1"},
        """\
#
# Ansible managed
#
# Configuration of the Ansible role kubeadm.ha.apiserver_haproxy
global
  log stdout format raw daemon notice
  chroot /var/lib/haproxy
  user haproxy
  group haproxy
  maxconn 4000
  hard-stop-after 24h
  stats socket /var/lib/haproxy/kubernetes-apiserver-admin.sock mode 600 level admin expose-fd listeners
  # Ends the sessions of a server that is down while another one is ready.
  lua-load /etc/haproxy/kubernetes-apiserver.lua

defaults
  log global
  timeout connect 300ms
  timeout check 500ms
  # Watches, exec and port-forward may be silent for hours: dead peers are found by TCP keepalive instead.
  timeout client 24h
  timeout server 24h
  option clitcpka
  clitcpka-idle 30s
  clitcpka-intvl 5s
  clitcpka-cnt 3
  option srvtcpka
  srvtcpka-idle 30s
  srvtcpka-intvl 5s
  srvtcpka-cnt 3

frontend kubernetes-apiserver
  mode tcp
  bind :::6443 v4v6
  default_backend kubernetes-apiserver

backend kubernetes-apiserver
  mode tcp
  balance leastconn
  retries 3
  option redispatch 1
  option httpchk
  http-check send meth GET uri /readyz ver HTTP/1.1 hdr Host kubernetes hdr User-Agent haproxy
  http-check expect status 200
  default-server inter 500ms fastinter 200ms downinter 200ms fall 2 rise 2
  default-server check check-ssl verify required ca-file /etc/haproxy/kubernetes-ca.crt verifyhost kubernetes
  default-server crt /etc/haproxy/kubernetes-probe.crt
  default-server observe layer4 error-limit 1 on-error mark-down init-addr last,libc,none
  server cp1 192.0.2.11:6443
  server cp2 192.0.2.12:6443
  server cp3.example.net cp3.example.net:7443
  # The same servers once more: used without any check for as long as every check fails.
  option allbackups
  server cp1:unchecked 192.0.2.11:6443 backup no-check observe none
  server cp2:unchecked 192.0.2.12:6443 backup no-check observe none
  server cp3.example.net:unchecked cp3.example.net:7443 backup no-check observe none

# curl --unix-socket /var/lib/haproxy/kubernetes-apiserver-status.sock http://localhost/
frontend kubernetes-apiserver-status
  mode http
  bind unix@/var/lib/haproxy/kubernetes-apiserver-status.sock mode 600
  http-request return status 200 content-type application/json lf-string '{"configuration":"DIGEST","ready":{"cp1":%[srv_is_up(kubernetes-apiserver/cp1),iif(true,false)],"cp2":%[srv_is_up(kubernetes-apiserver/cp2),iif(true,false)],"cp3.example.net":%[srv_is_up(kubernetes-apiserver/cp3.example.net),iif(true,false)]}}'
""",
    ),
    "settings": Case(
        {
            "apiserver_haproxy_connect_timeout": "1s",
            "apiserver_haproxy_check_timeout": "2s",
            "apiserver_haproxy_check_interval": "2500ms",
            "apiserver_haproxy_check_fast_interval": "1s",
            "apiserver_haproxy_maxconn": "8000",
            "apiserver_haproxy_hard_stop_after": "30m",
            "apiserver_haproxy_stats_socket": "/run/haproxy.sock",
            "apiserver_haproxy_bind_port": 7443,
            "ansible_managed": "Written by Example\nDo not edit",
        },
        """\
#
# Written by Example
# Do not edit
#
# Configuration of the Ansible role kubeadm.ha.apiserver_haproxy
global
  log stdout format raw daemon notice
  chroot /var/lib/haproxy
  user haproxy
  group haproxy
  maxconn 8000
  hard-stop-after 30m
  stats socket /run/haproxy.sock mode 600 level admin expose-fd listeners
  # Ends the sessions of a server that is down while another one is ready.
  lua-load /etc/haproxy/kubernetes-apiserver.lua

defaults
  log global
  timeout connect 1s
  timeout check 2s
  # Watches, exec and port-forward may be silent for hours: dead peers are found by TCP keepalive instead.
  timeout client 24h
  timeout server 24h
  option clitcpka
  clitcpka-idle 30s
  clitcpka-intvl 5s
  clitcpka-cnt 3
  option srvtcpka
  srvtcpka-idle 30s
  srvtcpka-intvl 5s
  srvtcpka-cnt 3

frontend kubernetes-apiserver
  mode tcp
  bind :::7443 v4v6
  default_backend kubernetes-apiserver

backend kubernetes-apiserver
  mode tcp
  balance leastconn
  retries 3
  option redispatch 1
  option httpchk
  http-check send meth GET uri /readyz ver HTTP/1.1 hdr Host kubernetes hdr User-Agent haproxy
  http-check expect status 200
  default-server inter 2500ms fastinter 1s downinter 1s fall 2 rise 2
  default-server check check-ssl verify required ca-file /etc/haproxy/kubernetes-ca.crt verifyhost kubernetes
  default-server observe layer4 error-limit 1 on-error mark-down init-addr last,libc,none
  server cp1 192.0.2.11:6443
  server cp2 192.0.2.12:6443
  server cp3.example.net cp3.example.net:7443
  # The same servers once more: used without any check for as long as every check fails.
  option allbackups
  server cp1:unchecked 192.0.2.11:6443 backup no-check observe none
  server cp2:unchecked 192.0.2.12:6443 backup no-check observe none
  server cp3.example.net:unchecked cp3.example.net:7443 backup no-check observe none

# curl --unix-socket /var/lib/haproxy/kubernetes-apiserver-status.sock http://localhost/
frontend kubernetes-apiserver-status
  mode http
  bind unix@/var/lib/haproxy/kubernetes-apiserver-status.sock mode 600
  http-request return status 200 content-type application/json lf-string '{"configuration":"DIGEST","ready":{"cp1":%[srv_is_up(kubernetes-apiserver/cp1),iif(true,false)],"cp2":%[srv_is_up(kubernetes-apiserver/cp2),iif(true,false)],"cp3.example.net":%[srv_is_up(kubernetes-apiserver/cp3.example.net),iif(true,false)]}}'
""",
    ),
}

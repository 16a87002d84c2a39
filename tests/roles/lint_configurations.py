# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configurations of load balancers and virtual IPs with the settings of guides and of other projects, written for these tests.

Each names where its settings are from. Addresses are those of ``tests/roles/outage_in_namespace.py``.
"""

from __future__ import annotations

import typing as t

from tests.roles.outage_in_namespace import BALANCER, PORT, SERVERS

#: Where the load balancers listen: not on the API servers' own port of the same host.
LISTEN = 8443


def _servers(line: str) -> str:
    return "\n".join("  " + line.format(name=name, target=f"{address}:{PORT}") for name, address in SERVERS.items())


class Configuration(t.NamedTuple):
    """A configuration of haproxy or nginx.

    Attributes:
        program: ``haproxy`` or ``nginx``.
        source: whose settings it has.
        text: of it.
    """

    program: str
    source: str
    text: str


CONFIGURATIONS: dict[str, Configuration] = {
    "kubeadm-guide": Configuration(
        "haproxy",
        "kubernetes/kubeadm docs/ha-considerations.md since 2024",
        f"""\
global
  log stdout format raw local0
defaults
  mode http
  log global
  option redispatch
  retries 1
  timeout queue 20s
  timeout connect 5s
  timeout client 35s
  timeout server 35s
  timeout check 10s
frontend apiserver
  bind {BALANCER}:{LISTEN}
  mode tcp
  default_backend apiservers
backend apiservers
  mode tcp
  option httpchk
  http-check connect ssl
  http-check send meth GET uri /healthz
  http-check expect status 200
  balance roundrobin
{_servers("server {name} {target} check verify none")}
""",
    ),
    "kubeadm-guide-2020": Configuration(
        "haproxy",
        "the same document until 2024: the later ssl-hello-chk takes the place of httpchk",
        f"""\
global
  log stdout format raw local0
defaults
  mode http
  option redispatch
  retries 1
  timeout connect 5s
  timeout client 20s
  timeout server 20s
  timeout check 10s
frontend apiserver
  bind {BALANCER}:{LISTEN}
  mode tcp
  default_backend apiservers
backend apiservers
  option httpchk GET /healthz
  http-check expect status 200
  mode tcp
  option ssl-hello-chk
  balance roundrobin
{_servers("server {name} {target} check")}
""",
    ),
    "tcp-check": Configuration(
        "haproxy",
        "easzlab/kubeasz roles/ex-lb, before 2021",
        f"""\
global
  maxconn 5000
defaults
  timeout connect 5s
  timeout client 10m
  timeout server 10m
listen kube-master
  bind {BALANCER}:{LISTEN}
  mode tcp
  balance roundrobin
{_servers("server {name} {target} check inter 5s fall 2 rise 2 weight 1")}
""",
    ),
    "no-check": Configuration(
        "haproxy",
        "sighupio/fury-kubernetes-on-premises roles/haproxy, and many short recipes",
        f"""\
defaults
  mode tcp
  timeout connect 10s
  timeout client 1m
  timeout server 1m
frontend kubernetes
  bind {BALANCER}:{LISTEN}
  default_backend kubernetes
backend kubernetes
  balance roundrobin
{_servers("server {name} {target}")}
""",
    ),
    "enix": Configuration(
        "haproxy",
        "enix/ansible-kubeadm roles/apiserver_haproxy",
        f"""\
defaults
  mode tcp
  timeout connect 2s
  timeout check 2s
  timeout client 5s
  timeout server 5s
  timeout tunnel 24h
  option clitcpka
  clitcpka-idle 30s
  clitcpka-intvl 2s
  clitcpka-cnt 5
  option srvtcpka
  srvtcpka-idle 30s
  srvtcpka-intvl 2s
  srvtcpka-cnt 5
frontend apiserver
  bind {BALANCER}:{LISTEN}
  default_backend apiserver
backend apiserver
  balance roundrobin
  default-server inter 10s fastinter 2s downinter 2s
{_servers("server {name} {target} check")}
""",
    ),
    "kubespray": Configuration(
        "haproxy",
        "kubernetes-sigs/kubespray roles/kubernetes/node/templates/loadbalancer/haproxy.cfg.j2",
        f"""\
global
  maxconn 4000
defaults
  mode http
  option redispatch
  retries 5
  timeout queue 5m
  timeout connect 30s
  timeout client 15m
  timeout server 15m
  timeout check 30s
frontend kube_api_frontend
  bind {BALANCER}:{LISTEN}
  mode tcp
  default_backend kube_api_backend
backend kube_api_backend
  mode tcp
  balance leastconn
  default-server inter 15s downinter 15s rise 2 fall 2 slowstart 60s maxconn 1000 maxqueue 256 weight 100
  option httpchk GET /healthz
  http-check expect status 200
{_servers("server {name} {target} check check-ssl verify none")}
""",
    ),
    "readyz-and-shutdown": Configuration(
        "haproxy",
        "what design notes recommend: /readyz, on-marked-down shutdown-sessions",
        f"""\
defaults
  mode tcp
  timeout connect 1s
  timeout check 1s
  timeout client 1h
  timeout server 1h
  option redispatch
frontend apiserver
  bind {BALANCER}:{LISTEN}
  default_backend apiserver
backend apiserver
  balance leastconn
  option httpchk
  http-check send meth GET uri /readyz
  http-check expect status 200
  default-server inter 2s fastinter 500ms fall 2 rise 2 on-marked-down shutdown-sessions
{_servers("server {name} {target} check check-ssl verify none")}
""",
    ),
    "kubespray-nginx": Configuration(
        "nginx",
        "kubernetes-sigs/kubespray roles/kubernetes/node/templates/loadbalancer/nginx.conf.j2",
        f"""\
worker_processes 2;
worker_shutdown_timeout 10s;
events {{
  worker_connections 1024;
}}
stream {{
  upstream kube_apiserver {{
    least_conn;
{_servers("  server {target};")}
  }}
  server {{
    listen {BALANCER}:{LISTEN};
    proxy_pass kube_apiserver;
    proxy_timeout 10m;
    proxy_connect_timeout 1s;
  }}
}}
""",
    ),
    "kubeasz-nginx": Configuration(
        "nginx",
        "easzlab/kubeasz roles/kube-lb/templates/kube-lb.conf.j2",
        f"""\
worker_processes 1;
events {{
  worker_connections 3000;
}}
stream {{
  upstream backend {{
{_servers("  server {target} max_fails=2 fail_timeout=3s;")}
  }}
  server {{
    listen {BALANCER}:{LISTEN};
    proxy_connect_timeout 1s;
    proxy_pass backend;
  }}
}}
""",
    ),
    "recipe-nginx": Configuration(
        "nginx",
        "cookeem/kubeadm-ha v1.9/nginx-lb, and recipes like it, without a limit for connections",
        f"""\
worker_processes 1;
events {{
  worker_connections 1024;
}}
stream {{
  upstream apiserver {{
{_servers("  server {target} weight=5 max_fails=3 fail_timeout=30s;")}
  }}
  server {{
    listen {BALANCER}:{LISTEN};
    proxy_pass apiserver;
  }}
}}
""",
    ),
    "recipe-nginx-15s": Configuration(
        "nginx",
        "recipes with proxy_connect_timeout and proxy_timeout of 15s",
        f"""\
worker_processes 1;
events {{
  worker_connections 1024;
}}
stream {{
  upstream apiserver {{
{_servers("  server {target} max_fails=1 fail_timeout=30s;")}
  }}
  server {{
    listen {BALANCER}:{LISTEN};
    proxy_connect_timeout 15s;
    proxy_timeout 15s;
    proxy_pass apiserver;
  }}
}}
""",
    ),
}

#: The virtual IP, and where the hosts that may hold it are.
VIP = "192.0.2.100"
HOLDERS = {"lb1": "192.0.2.101", "lb2": "192.0.2.102"}


class Router(t.NamedTuple):
    """The configuration of keepalived on one host.

    Attributes:
        host: that has it.
        text: of it. ``/run/check`` is the script that it runs, ``/run/health`` the file that it watches.
    """

    host: str
    text: str


class VirtualIp(t.NamedTuple):
    """A virtual IP.

    Attributes:
        source: whose settings it has.
        routers: on its hosts, the first holder before the others.
    """

    source: str
    routers: tuple[Router, ...]


def _guide(host: str, state: str, priority: int, more: str = "", weight: int = -2) -> Router:
    text = f"""\
! the guide's
global_defs {{
    router_id LVS_DEVEL
}}
vrrp_script check_apiserver {{
  script "/run/check"
  interval 3
  weight {weight}
  fall 10
  rise 2
}}
vrrp_instance VI_1 {{
    state {state}
    interface vrrp
    virtual_router_id 51
    priority {priority}
{more}    authentication {{
        auth_type PASS
        auth_pass 42
    }}
    virtual_ipaddress {{
        {VIP}
    }}
    track_script {{
        check_apiserver
    }}
}}
"""
    return Router(host, text)


def _ours(host: str, priority: int) -> Router:
    peers = "\n".join(f"        {address}" for name, address in HOLDERS.items() if name != host)
    text = f"""\
global_defs {{
    router_id {host}
    vrrp_version 3
    vrrp_check_unicast_src
}}
track_file health {{
    file "/run/health"
    weight 0
    init_file 1
}}
vrrp_instance kubernetes-apiserver {{
    interface vrrp
    state BACKUP
    nopreempt
    virtual_router_id 77
    priority {priority}
    advert_int 0.3
    unicast_src_ip {HOLDERS[host]}
    unicast_peer {{
{peers}
    }}
    virtual_ipaddress {{
        {VIP}/32 dev vrrp
    }}
    track_file {{
        health weight 0
    }}
}}
"""
    return Router(host, text)


VIRTUAL_IPS: dict[str, VirtualIp] = {
    "kubeadm-guide": VirtualIp(
        "kubernetes/kubeadm docs/ha-considerations.md", (_guide("lb1", "MASTER", 101), _guide("lb2", "BACKUP", 100))
    ),
    "kubeadm-guide-far-apart": VirtualIp(
        "the same with priorities of 110 and 100, which the weight of -2 does not bridge: kubernetes/kubernetes issue 122094",
        (_guide("lb1", "MASTER", 110), _guide("lb2", "BACKUP", 100)),
    ),
    "kubeadm-guide-nopreempt": VirtualIp(
        "the same with nopreempt, as Netcracker/KubeMarine and others add it",
        (_guide("lb1", "BACKUP", 101, "    nopreempt\n"), _guide("lb2", "BACKUP", 100, "    nopreempt\n")),
    ),
    "ours": VirtualIp("the role apiserver_keepalived", (_ours("lb1", 200), _ours("lb2", 190))),
}

__all__ = ("CONFIGURATIONS", "HOLDERS", "LISTEN", "VIP", "VIRTUAL_IPS", "Configuration", "Router", "VirtualIp")

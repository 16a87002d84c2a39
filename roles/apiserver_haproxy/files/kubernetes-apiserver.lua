-- Copyright (c) 2026, kubeadm.ha contributors
-- GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
-- SPDX-License-Identifier: GPL-3.0-or-later

-- Ends the sessions of an API server that is down while another one is ready.
--
-- haproxy's own "on-marked-down shutdown-sessions" ends them at once, whatever the other servers do: when etcd
-- is in trouble every API server fails its probe, one shortly after the other, and all watches of the cluster
-- would be cut although no server is better than any other.

local BACKEND = "kubernetes-apiserver"
local UNCHECKED = ":unchecked"
local TICK_MILLISECONDS = 100

-- Seconds that a server has to be down, with another one up all the time, before its sessions end.
-- No TCP connection or no TLS handshake: the process or the machine is gone or frozen. Long enough for a server that
-- missed a single connection to pass two checks again (5 per second while it is down).
local GRACE_DEAD = 1
-- An answer, but not "ready". An API server asks etcd at most once a second for /readyz, with a limit of 2 s
-- (k8s.io/apiserver storage/storagebackend/factory/etcd3.go, newETCD3Check), so the same trouble of etcd
-- reaches the probes of different API servers up to 3 s apart.
local GRACE_UNREADY = 3
-- Seconds after the end of a trouble of all servers in which no session is ended: they do not recover together.
local GRACE_RECOVERY = 10

local function seconds()
  local now = core.now()
  return now.sec + now.usec / 1000000
end

local function starts_with(text, prefix)
  return text ~= nil and text:sub(1, #prefix) == prefix
end

-- Seconds of grace of a server that is down. haproxy puts "* " before the last result while the next check runs.
local function grace(stats)
  local result = (stats.check_status or ""):gsub("^%* ", "")
  return starts_with(result, "L7") and GRACE_UNREADY or GRACE_DEAD
end

local function checked_servers()
  local checked = {}
  local all = core.backends[BACKEND].servers
  for name, server in pairs(all) do
    if name:sub(-#UNCHECKED) ~= UNCHECKED then
      checked[name] = { server, all[name .. UNCHECKED] }
    end
  end
  return checked
end

local function end_sessions(name, servers)
  for _, server in ipairs(servers) do
    local sessions = server:get_stats().scur
    if sessions ~= nil and sessions > 0 then
      core.log(core.notice, ("%s/%s is down: ending %d sessions"):format(BACKEND, name, sessions))
      server:shut_sess()
    end
  end
end

local function watch_servers()
  local checked = checked_servers()
  local down_since = {}
  local calm_until = 0
  while true do
    local now = seconds()
    local down = {}
    local ready = 0
    for name, servers in pairs(checked) do
      local stats = servers[1]:get_stats()
      if starts_with(stats.status, "DOWN") then
        down[name] = grace(stats)
      elseif starts_with(stats.status, "UP") then
        ready = ready + 1
      end
    end
    if ready == 0 then
      calm_until = now + GRACE_RECOVERY
    end
    for name, servers in pairs(checked) do
      if down[name] == nil or ready == 0 then
        down_since[name] = nil
      else
        down_since[name] = down_since[name] or now
        if now >= calm_until and now - down_since[name] >= down[name] then
          end_sessions(name, servers)
        end
      end
    end
    core.msleep(TICK_MILLISECONDS)
  end
end

core.register_task(watch_servers)

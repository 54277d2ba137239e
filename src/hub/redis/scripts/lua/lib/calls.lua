-- Calls: whether the node that sent this script still waits for the reply. A script can arrive late, for example if a
-- connection was halted. By then the node has told its client that the call failed, and the client may have gone on at
-- another node. A late script must not undo later calls (G2), so it changes nothing.
--
-- Libraries: keys, ids
--
-- Each script that carries out a call of a client has three more arguments, behind its own:
--   the node that sent it
--   the number of the node's connection; a later connection has a larger number
--   until when the node waits for the reply, in ms

local caller, caller_connection, caller_waits_until = ARGV[#ARGV - 2], ARGV[#ARGV - 1], tonumber(ARGV[#ARGV])

-- A node waits for at most this long, in ms. A longer wait means that Redis's clock was set back.
local longest_wait_ms = 3500

-- Whether the node no longer waits: its time is up, it has a newer connection, or it was given up. If Redis's clock was
-- set since the node's last beat, it is unknown whether the time is up, and the call counts as late. A node that was given
-- up must open no stream: no other node would detach it if the node dies.
local function is_late()
  local known = redis.call('HMGET', key.node(caller), 'life', 'connection', 'clock_set')
  if not known[1] or known[2] ~= caller_connection or known[3] then return true end
  local left_ms = caller_waits_until - now_ms()
  return left_ms < 0 or left_ms > longest_wait_ms
end

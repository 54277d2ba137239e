-- Calls: whether the node that sent this script still waits for the reply. A script can arrive late, for example if a
-- connection was halted. By then the node has told its client that the call failed, and the client may have gone on at
-- another node. A late script must not undo later calls (G2), so it changes nothing.
--
-- Libraries: keys, ids, dispatch
--
-- Each script that carries out a call of a client has four more arguments, behind its own:
--   the node that sent it
--   the number of the node's connection; a later connection has a larger number
--   until when the node waits for the reply, in ms of Redis's clock
--   the offset of the steady clock that the reply to the node's last beat told: the node knows Redis's clock as of then

-- How many arguments the script has of its own.
local own_arguments = #ARGV - 4
local caller, caller_connection = ARGV[#ARGV - 3], ARGV[#ARGV - 2]
local caller_waits_until, caller_offset = tonumber(ARGV[#ARGV - 1]), tonumber(ARGV[#ARGV])

-- A node waits for at most this long, in ms. A longer wait means that Redis's clock was set back.
local longest_wait_ms = 3500

-- Whether the node no longer waits: its time is up, it has a newer connection, or it was given up. If the node does not
-- know yet that Redis's clock was set, it is unknown whether the time is up, and the call counts as late. A node that was
-- given up must open no stream: no other node would detach it if the node dies.
local function is_late()
  local known = redis.call('HMGET', node_key(caller), 'life', 'connection', 'offset', 'run')
  if not known[1] or known[2] ~= caller_connection or tonumber(known[3] or '') ~= caller_offset then return true end
  sender = known[4]
  local left_ms = caller_waits_until - now_ms()
  return left_ms < 0 or left_ms > longest_wait_ms
end

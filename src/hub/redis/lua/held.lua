-- Tells a node which streams it holds as far as Redis knows, some at a time: after Redis has lost writes,
-- streams may be among them that are gone, and whose end it has forgotten.
--
-- ARGV[7]  node
-- ARGV[8]  where to go on, from the last reply; 0: at the beginning
-- ARGV[9]  about how many at a time
--
-- Returns {where to go on, 0 where that was all; peer, stream; peer, stream; …}. What changes meanwhile
-- may be missing or come twice.

local node, cursor, count = ARGV[7], ARGV[8], ARGV[9]
local page = redis.call('SSCAN', key.node_peers(node), cursor, 'COUNT', count)
local reply = { page[1] }
for _, peer in ipairs(page[2]) do
  local at = redis.call('HMGET', key.session(peer), 'node', 'stream')
  if at[1] == node then
    reply[#reply + 1] = peer
    reply[#reply + 1] = at[2]
  end
end
return reply

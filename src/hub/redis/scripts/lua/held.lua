-- Tells a node which streams it holds according to Redis, a page at a time. When Redis has lost writes, it may have
-- forgotten that some of these streams are closed.
--
-- Libraries: keys
--
-- ARGV[1]  the node
-- ARGV[2]  the page, from the reply before; '0': the first
-- ARGV[3]  about how many streams a page has
--
-- Reply: {the next page, '0' if this was the last; peer, stream; peer, stream; …}. A stream that opens or closes
-- between two pages may be missing, or come twice.

local node, page, count = ARGV[1], ARGV[2], ARGV[3]
local scanned = redis.call('SSCAN', node_peers_key(node), page, 'COUNT', count)
local reply = { scanned[1] }
for _, peer in ipairs(scanned[2]) do
  local at = redis.call('HMGET', session_key(peer), 'node', 'stream')
  if at[1] == node then
    reply[#reply + 1] = peer
    reply[#reply + 1] = at[2]
  end
end
return reply

-- Removes a node that shuts down. A node that still holds streams stays: the other nodes find it silent, and detach
-- those streams.
--
-- Libraries: keys
--
-- ARGV[1]  the node
--
-- Reply: 1.

local node = ARGV[1]
if redis.call('EXISTS', node_peers_key(node)) == 0 then
  redis.call('ZREM', nodes_key, node)
  redis.call('DEL', node_key(node))
end
return 1

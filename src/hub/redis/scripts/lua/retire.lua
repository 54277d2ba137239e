-- Removes a node that shuts down. A node that still holds streams stays: the other nodes find it silent, and detach
-- those streams.
--
-- Libraries: keys
--
-- ARGV[1]  the node
--
-- Reply: 1.

local node = ARGV[1]
if redis.call('EXISTS', key.node_peers(node)) == 0 then
  redis.call('ZREM', key.nodes, node)
  redis.call('DEL', key.node(node))
end
return 1

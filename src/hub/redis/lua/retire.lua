-- A node goes for good. Where it could not detach all of its sessions, it is left to be found silent.
--
-- ARGV[7]  node

local node = ARGV[7]
if redis.call('EXISTS', key.node_peers(node)) == 0 then
  redis.call('ZREM', key.nodes, node)
  redis.call('DEL', key.node(node))
end
return 1

-- Keeps the keys of sessions and of their rooms. Their node does this for each stream that it holds, every few hours.
--
-- Libraries: keys
--
-- ARGV[1], ARGV[2], …  the peers
--
-- Reply: 1.

for _, peer in ipairs(ARGV) do
  keep(session_key(peer), session_rooms_key(peer), session_past_key(peer), session_receipts_key(peer),
    inbox_key(peer))
  for _, room in ipairs(redis.call('HKEYS', session_rooms_key(peer))) do
    keep(room_key(room), room_nodes_key(room), room_meta_key(room), room_log_key(room))
  end
end
return 1

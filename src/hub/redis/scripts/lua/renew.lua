-- Keeps the keys of sessions and of their rooms. Their node does this for each stream that it holds, every few hours.
--
-- Libraries: keys
--
-- ARGV[1], ARGV[2], …  the peers
--
-- Reply: 1.

for _, peer in ipairs(ARGV) do
  keep(key.session(peer), key.session_rooms(peer), key.session_past(peer), key.session_receipts(peer),
    key.inbox(peer))
  for _, room in ipairs(redis.call('HKEYS', key.session_rooms(peer))) do
    keep(key.room(room), key.room_nodes(room), key.room_meta(room), key.room_log(room))
  end
end
return 1

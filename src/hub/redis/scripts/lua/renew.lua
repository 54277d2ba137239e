-- Keeps the keys of sessions and of their rooms. Their node does this for each stream that it holds, every few hours.
--
-- Libraries: sessions, members
--
-- ARGV[1], ARGV[2], …  the peers
--
-- Reply: 1.

for _, peer in ipairs(ARGV) do keep_session(peer, rooms_of(peer)) end
return 1

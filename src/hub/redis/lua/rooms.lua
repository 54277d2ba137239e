-- Reads the rooms that a peer is in, or one of them.
--
-- ARGV[5]  peer
-- ARGV[6]  room; empty: all of the peer's, in order of joining
--
-- Returns rooms, each its id and then its members as JSON, in order of joining.

local peer, only = ARGV[5], ARGV[6]
local reply = {}
for _, joined in ipairs(rooms_of(peer)) do
  if only == '' or joined[1] == only then reply[#reply + 1] = room_reply(joined[1]) end
end
return reply

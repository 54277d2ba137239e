-- Reads the rooms that a peer is in, or one of them.
--
-- ARGV[7]  peer
-- ARGV[8]  room; empty: all of the peer's, in order of joining
--
-- Returns rooms, each its id and then its members as JSON, in order of joining. Nil where all of them are too much.

local peer, only = ARGV[7], ARGV[8]
local rooms, reply = rooms_of(peer), {}
if only == '' and too_large(rooms) then return false end
for _, joined in ipairs(rooms) do
  if only == '' or joined[1] == only then reply[#reply + 1] = room_reply(joined[1]) end
end
return reply

-- Reads the rooms that a peer is in, or one of them.
--
-- Libraries: members
--
-- ARGV[1]  the peer
-- ARGV[2]  the room; empty: all of the peer's rooms
--
-- Reply: {room, …} in order of joining. A room is {id, peer, state, …}: its members in order of joining, the peer and
-- the state of each as JSON. Nil if all rooms are asked for and are too large for one answer.

local peer, only = ARGV[1], ARGV[2]
local rooms, reply = rooms_of(peer), {}
if only == '' and too_large(bytes_of(rooms)) then return false end
for _, joined in ipairs(rooms) do
  if only == '' or joined[1] == only then reply[#reply + 1] = room_reply(joined[1]) end
end
return reply

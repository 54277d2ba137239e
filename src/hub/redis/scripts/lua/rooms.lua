-- Reads the rooms that a peer is in, or one of them.
--
-- Libraries: members
--
-- ARGV[1]  the peer
-- ARGV[2]  the room; empty: all of the peer's rooms
-- ARGV[3]  1 if the members are asked for, else 0
--
-- Reply: {room, …} in order of joining. A room is {id, members as text (members.lua)}, or {id} if they are not asked for.
-- Nil if the members of all rooms are asked for, and are too large for one answer.

local peer, only, with_members = ARGV[1], ARGV[2], ARGV[3] == '1'
local describe = with_members and room_reply or room_id
local rooms, reply = rooms_of(peer), {}
if with_members and only == '' and too_large(bytes_of(rooms)) then return false end
for _, joined in ipairs(rooms) do
  if only == '' or joined[1] == only then reply[#reply + 1] = describe(joined[1]) end
end
return reply

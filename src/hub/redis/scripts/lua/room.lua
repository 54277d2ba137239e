-- Reads a room for a moderator, which need not be in it (G16).
--
-- Libraries: keys, members, passes
--
-- ARGV[1]  the moderator
-- ARGV[2]  its pass (passes.lua)
-- ARGV[3]  the room
-- ARGV[4]  1 if the members are asked for, else 0
--
-- Reply: {room}, or {} if nobody is in it. A room is as in rooms.lua.
-- Errors: FORBIDDEN if the moderator was put out of the room.

local pass, room = cjson.decode(ARGV[2]), ARGV[3]
if is_put_out(room, ARGV[1], pass) then return redis.error_reply('FORBIDDEN') end
if redis.call('EXISTS', room_key(room)) == 0 then return {} end
return { (ARGV[4] == '1' and room_reply or room_id)(room) }

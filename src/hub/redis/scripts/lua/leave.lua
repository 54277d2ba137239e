-- Takes a peer out of a room, and tells the others at once (G4).
--
-- Libraries: keys, ids, calls, leaving, dispatch
--
-- ARGV[1]  the peer
-- ARGV[2]  the room
--
-- Reply: the id of the leave, or '0' if the peer was not in the room (G7).
-- Errors: NOT_CONNECTED. UNAVAILABLE if the call is late (calls.lua).

local peer, room = ARGV[1], ARGV[2]
if is_late() then return redis.error_reply('UNAVAILABLE') end
local at = redis.call('HMGET', session_key(peer), 'start', 'node', 'stream')
if not at[1] then return redis.error_reply('NOT_CONNECTED') end
local join = redis.call('HGET', session_rooms_key(peer), room)
if not join then return '0' end

local id = leave_room(peer, room, join, at[2], 'LEFT')
if at[2] then
  dispatch(at[2], 'left', ',"stream":' .. cjson.encode(at[3]) .. ',"room":' .. cjson.encode(room))
end
return decimal(id)

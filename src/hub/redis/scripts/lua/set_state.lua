-- Changes a member's state in a room, and tells the others.
--
-- Libraries: keys, ids, calls, logs, sending, members
--
-- ARGV[1]  the peer
-- ARGV[2]  the room
-- ARGV[3]  the state, as JSON
--
-- Reply: {the id of the change; the peer, as JSON; the state, as JSON; the number of members that are told}.
-- Errors: NOT_CONNECTED, NOT_IN_ROOM, PAYLOAD_TOO_LARGE. UNAVAILABLE if the call is late (calls.lua).

local peer, room, state = ARGV[1], ARGV[2], ARGV[3]
if is_late() then return redis.error_reply('UNAVAILABLE') end
local profile = redis.call('HGET', session_key(peer), 'profile')
if not profile then return redis.error_reply('NOT_CONNECTED') end
local join = redis.call('HGET', session_rooms_key(peer), room)
if not join then return redis.error_reply('NOT_IN_ROOM') end

local earlier = redis.call('HGET', room_key(room), peer)
local bytes = bytes_with(room, earlier, member_bytes(profile, state))
if not bytes then return redis.error_reply('PAYLOAD_TOO_LARGE') end
store_member(room, peer, join, profile, state, bytes)
local id = allocate(1)
local others = redis.call('HLEN', room_key(room)) - 1
if others > 0 then
  local fields = '{"type":"PeerChanged","roomId":' .. cjson.encode(room) .. '}'
  send_to_room(room, id, to_entry(fields, profile, state), peer)
end
return { decimal(id), profile, state, others }

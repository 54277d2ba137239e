-- Changes what a peer shows of itself in a room; the others hear of it.
--
-- ARGV[7]  peer
-- ARGV[8]  room
-- ARGV[9]  state, as JSON
--
-- Returns {id, the peer as JSON}. Errors: NOT_CONNECTED, NOT_IN_ROOM, PAYLOAD_TOO_LARGE.

local peer, room, state = ARGV[7], ARGV[8], ARGV[9]
local profile = redis.call('HGET', key.session(peer), 'profile')
if not profile then return redis.error_reply('NOT_CONNECTED') end
local join = redis.call('HGET', key.session_rooms(peer), room)
if not join then return redis.error_reply('NOT_IN_ROOM') end

local json = string.sub(profile, 1, -2) .. ',"state":' .. state .. '}'
if not put_member(room, peer, join, json) then return redis.error_reply('PAYLOAD_TOO_LARGE') end
local id = allocate(1)
if redis.call('HLEN', key.room(room)) > 1 then
  send_to_room(room, id, '{"type":"PeerChanged","roomId":' .. cjson.encode(room) .. ',"peer":' .. json .. '}', peer)
end
return { decimal(id), json }

-- Puts a peer into a room. Those there get PeerAdded, and the peer one for each of them, with the
-- word to offer (G1). In a room that it is in already, nothing happens (G7).
--
-- ARGV[7]  peer
-- ARGV[8]  room
-- ARGV[9]  state, as JSON
-- ARGV[10]  how many peers a room takes
-- ARGV[11]  how many rooms a peer takes
--
-- Returns {the newest id of what it wrote, 0: it wrote nothing; the room: its id, then its members as JSON, in
-- order of joining}.
-- Errors: NOT_CONNECTED, ROOM_FULL, TOO_MANY_ROOMS, PAYLOAD_TOO_LARGE.

local peer, room, state = ARGV[7], ARGV[8], ARGV[9]
local max_peers, max_rooms = tonumber(ARGV[10]), tonumber(ARGV[11])

local at = redis.call('HMGET', key.session(peer), 'profile', 'node', 'stream')
local profile, node, stream = at[1], at[2], at[3]
if not profile then return redis.error_reply('NOT_CONNECTED') end
if redis.call('HEXISTS', key.room(room), peer) == 1 then return { '0', room_reply(room) } end
if redis.call('HLEN', key.room(room)) >= max_peers then return redis.error_reply('ROOM_FULL') end
if redis.call('HLEN', key.session_rooms(peer)) >= max_rooms then return redis.error_reply('TOO_MANY_ROOMS') end

local present = members(room)
local join = allocate(1 + #present)
local joiner = string.sub(profile, 1, -2) .. ',"state":' .. state .. '}'
if not put_member(room, peer, decimal(join), joiner) then return redis.error_reply('PAYLOAD_TOO_LARGE') end

local head = '{"type":"PeerAdded","roomId":' .. cjson.encode(room) .. ',"peer":'

local offers = ''
if #present > 0 then
  offers = head .. table.concat(present, ',"offer":true},' .. head) .. ',"offer":true}'
  append(key.inbox(peer), key.session(peer), join + 1, offers, '', #present)
  send_to_room(room, join, head .. joiner .. ',"offer":false}', peer)
end

redis.call('HSET', key.session_rooms(peer), room, decimal(join))
redis.call('PERSIST', key.room_meta(room))
if node then
  count_member(room, node, 1)
  dispatch(node, 'joined', ',"stream":' .. cjson.encode(stream) .. ',"room":' .. cjson.encode(room)
    .. batch_json(join + 1, offers))
end
present[#present + 1] = joiner
return { decimal(newest), room_reply(room, present) }

-- Adds a peer to a room. Each member gets a `PeerAdded` of the joiner. The joiner gets a `PeerAdded` of each member,
-- with `offer: true` (G1). If the peer is already in the room, nothing changes (G7).
--
-- Libraries: keys, ids, calls, dispatch, members, joining, passes
--
-- ARGV[1]  the peer
-- ARGV[2]  the room
-- ARGV[3]  the state, as JSON
-- ARGV[4]  1 if the reply has the members, else 0
-- ARGV[5]  the peer's pass (passes.lua)
--
-- Reply: {the newest id that this gave, '0' if the peer was already in the room; the room; the number of members that
-- are told; the size of all members as JSON, in bytes}. A room is {id, members as text (members.lua)}; without members,
-- {id}.
-- Errors: NOT_CONNECTED, FORBIDDEN if the peer was put out of the room, ROOM_FULL, TOO_MANY_ROOMS, PAYLOAD_TOO_LARGE.
-- UNAVAILABLE if the call is late (calls.lua).

local peer, room, state = ARGV[1], ARGV[2], ARGV[3]
local describe = ARGV[4] == '1' and room_reply or room_id
if is_late() then return redis.error_reply('UNAVAILABLE') end

local at = redis.call('HMGET', session_key(peer), 'profile', 'node', 'stream')
local profile, node, stream = at[1], at[2], at[3]
if not profile then return redis.error_reply('NOT_CONNECTED') end
if redis.call('HEXISTS', room_key(room), peer) == 1 then return { '0', describe(room), 0, 0 } end
if is_put_out(room, peer, cjson.decode(ARGV[5])) then return redis.error_reply('FORBIDDEN') end
local rooms = redis.call('HLEN', session_rooms_key(peer))
local bytes, fault = admit(room, nil, member_bytes(profile, state), rooms)
if fault then return redis.error_reply(fault) end

local present, others, first, offers = enter(peer, profile, room, state, bytes)
if node then
  count_member(room, node, 1)
  dispatch(node, 'joined', ',"stream":' .. cjson.encode(stream) .. ',"room":' .. cjson.encode(room), first, offers)
end
return { decimal(newest), describe(room, present), others, bytes }

-- Adds a peer to a room. Each member gets a `PeerAdded` of the joiner. The joiner gets a `PeerAdded` of each member,
-- with `offer: true` (G1). If the peer is already in the room, nothing changes (G7).
--
-- Libraries: keys, ids, logs, dispatch, sending, members
--
-- ARGV[1]  the peer
-- ARGV[2]  the room
-- ARGV[3]  the state, as JSON
-- ARGV[4]  the most peers that a room takes
-- ARGV[5]  the most rooms that a peer may be in
--
-- Reply: {the newest id that this gave, '0' if the peer was already in the room; the room}. A room is
-- {id, peer, state, …}: its members in order of joining, the peer and the state of each as JSON.
-- Errors: NOT_CONNECTED, ROOM_FULL, TOO_MANY_ROOMS, PAYLOAD_TOO_LARGE.

local peer, room, state = ARGV[1], ARGV[2], ARGV[3]
local max_peers, max_rooms = tonumber(ARGV[4]), tonumber(ARGV[5])

local at = redis.call('HMGET', key.session(peer), 'profile', 'node', 'stream')
local profile, node, stream = at[1], at[2], at[3]
if not profile then return redis.error_reply('NOT_CONNECTED') end
if redis.call('HEXISTS', key.room(room), peer) == 1 then return { '0', room_reply(room) } end
if redis.call('HLEN', key.room(room)) >= max_peers then return redis.error_reply('ROOM_FULL') end
if redis.call('HLEN', key.session_rooms(peer)) >= max_rooms then return redis.error_reply('TOO_MANY_ROOMS') end

local present = members(room)
-- One id for the joiner's entry, and one for each of the joiner's offers.
local join = allocate(1 + #present)
if not put_member(room, peer, decimal(join), profile, state) then return redis.error_reply('PAYLOAD_TOO_LARGE') end

local function added(member, offer)
  return to_entry('"type":"PeerAdded","roomId":' .. cjson.encode(room) .. ',"peer":' .. member[1] .. ',"offer":' .. offer,
    member[2])
end

local joiner, offers = { profile, state }, nil
if #present > 0 then
  local entries = {}
  for i, member in ipairs(present) do entries[i] = added(member, 'true') end
  offers = table.concat(entries, '\n')
  append(key.inbox(peer), key.session(peer), join + 1, offers, '', #present)
  send_to_room(room, join, added(joiner, 'false'), peer)
end

redis.call('HSET', key.session_rooms(peer), room, decimal(join))
redis.call('PERSIST', key.room_meta(room))
if node then
  count_member(room, node, 1)
  dispatch(node, 'joined', ',"stream":' .. cjson.encode(stream) .. ',"room":' .. cjson.encode(room),
    join + 1, offers)
end
present[#present + 1] = joiner
return { decimal(newest), room_reply(room, present) }

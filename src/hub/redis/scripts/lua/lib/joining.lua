-- Joining: whether a peer may enter a room, and how it does.
--
-- Libraries: keys, ids, logs, sending, members

-- The size of a room's members in bytes, once a peer has entered with a member of `size` bytes. If it may not enter:
-- nil, and the error. `earlier` is the peer's member in the room if it has one, from a session that ends now. `rooms`
-- is the number of rooms that the peer is in.
local function admit(room, earlier, size, rooms)
  if redis.call('HLEN', room_key(room)) - (earlier and 1 or 0) >= max_peers then return nil, 'ROOM_FULL' end
  if rooms >= max_rooms then return nil, 'TOO_MANY_ROOMS' end
  local bytes = bytes_with(room, earlier, size)
  if not bytes then return nil, 'PAYLOAD_TOO_LARGE' end
  return bytes
end

-- Adds a peer to a room that it is not in. Each member is sent a `PeerAdded` of the joiner. The joiner's inbox gets a
-- `PeerAdded` of each member, with `offer: true` (G1). `bytes` is the size that `admit` returned. Returns all members as
-- text (members.lua), the number of the others, and the joiner's entries: the id of the first, and their text; nil if
-- there are none.
local function enter(peer, profile, room, state, bytes)
  local members = redis.call('HVALS', room_key(room))
  local others = #members
  -- One id for the joiner's entry, and one for each of the joiner's offers.
  local join = allocate(1 + others)
  local fields, offers = '{"type":"PeerAdded","roomId":' .. cjson.encode(room) .. ',"offer":', nil
  if others > 0 then
    offers = fields .. 'true}\n' .. table.concat(members, '\n')
    local session = session_key(peer)
    local held = redis.call('HMGET', session, 'entries', 'bytes', 'last', 'last_by')
    append(inbox_key(peer), session, held, join + 1, offers, '', others)
    send_to_room(room, join, to_entry(fields .. 'false}', profile, state), peer)
  end

  store_member(room, peer, decimal(join), profile, state, bytes)
  redis.call('HSET', session_rooms_key(peer), room, decimal(join))
  keep(session_rooms_key(peer))
  if others == 0 then
    redis.call('ZREM', expiring_key, room_meta_key(room))
    keep(room_key(room), room_meta_key(room))
  end
  members[others + 1] = to_member(decimal(join), profile, state)
  return table.concat(members, '\n'), others, join + 1, offers
end

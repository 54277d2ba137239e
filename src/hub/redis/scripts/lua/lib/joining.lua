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
-- `PeerAdded` of each member, with `offer: true` (G1). `bytes` is the size that `admit` returned. Returns the members
-- in order of joining, the joiner included; the id of the joiner's first entry; and the joiner's entries as text, nil
-- if there are none.
local function enter(peer, profile, room, state, bytes)
  local present = members(room)
  -- One id for the joiner's entry, and one for each of the joiner's offers.
  local join = allocate(1 + #present)
  store_member(room, peer, decimal(join), profile, state, bytes)

  local function added(member, offer)
    return to_entry('"type":"PeerAdded","roomId":' .. cjson.encode(room) .. ',"peer":' .. member[1] .. ',"offer":'
      .. offer, member[2])
  end

  local joiner, offers = { profile, state }, nil
  if #present > 0 then
    local entries = {}
    for i, member in ipairs(present) do entries[i] = added(member, 'true') end
    offers = table.concat(entries, '\n')
    local session = session_key(peer)
    append(inbox_key(peer), session, redis.call('HMGET', session, 'entries', 'bytes', 'last', 'last_by'), join + 1, offers,
      '', #present)
    send_to_room(room, join, added(joiner, 'false'), peer)
  end

  redis.call('HSET', session_rooms_key(peer), room, decimal(join))
  redis.call('ZREM', expiring_key, room_meta_key(room))
  keep(session_rooms_key(peer), room_key(room), room_meta_key(room))
  present[#present + 1] = joiner
  return present, join + 1, offers
end

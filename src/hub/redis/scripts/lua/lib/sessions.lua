-- Sessions: how a session loses its stream, leaves its rooms, and ends.
--
-- Libraries: keys, ids, logs, dispatch, sending, members

-- The entry that says why a peer is no longer in a room. `member` is what the room had of it.
local function to_removal(room, reason, member)
  local fields = '{"type":"PeerRemoved","roomId":' .. cjson.encode(room) .. ',"reason":"' .. reason .. '"}'
  return to_entry(fields, peer_of(member))
end

-- Takes a member out of a room, and tells the others why. `node` is the node that holds the peer's stream, if there is
-- one. Returns the id of the entry. When the last member is gone, the room's log stays for the retention time: a
-- member that left may still resume from before.
local function remove_member(peer, room, node, reason)
  local member = redis.call('HGET', room_key(room), peer)
  redis.call('HDEL', room_key(room), peer)
  if member then redis.call('HINCRBY', room_meta_key(room), 'peers_bytes', -member_bytes(peer_of(member))) end
  redis.call('HDEL', session_rooms_key(peer), room)
  if node then count_member(room, node, -1) end
  local id = allocate(1)
  if redis.call('EXISTS', room_key(room)) == 0 then
    redis.call('ZADD', expiring_key, now_ms(), room_meta_key(room))
  elseif member then
    -- If Redis has evicted the member, the peer is unknown, and nothing can be sent about it.
    send_to_room(room, id, to_removal(room, reason, member), peer)
  end
  return id
end

-- Ends a session: tells its rooms why, ends its stream, and deletes its keys.
local function finish(peer, reason)
  local at = redis.call('HMGET', session_key(peer), 'node', 'stream')
  for _, joined in ipairs(rooms_of(peer)) do remove_member(peer, joined[1], at[1], reason) end
  if at[1] then
    redis.call('SREM', node_peers_key(at[1]), peer)
    dispatch(at[1], 'replaced', ',"stream":' .. cjson.encode(at[2]))
  end
  redis.call('ZREM', detached_key, peer)
  redis.call('DEL', session_key(peer), session_rooms_key(peer), session_past_key(peer), session_receipts_key(peer),
    inbox_key(peer))
end

-- Keeps the keys of a session and of its rooms, as `rooms_of` returns them.
local function keep_session(peer, rooms)
  keep(session_key(peer), session_rooms_key(peer), session_past_key(peer), session_receipts_key(peer), inbox_key(peer))
  for _, joined in ipairs(rooms) do
    local room = joined[1]
    keep(room_key(room), room_nodes_key(room), room_meta_key(room), room_log_key(room))
  end
end

-- Takes the stream from a session. The session ends at `deadline` (ms) unless its peer resumes (G4).
local function detach(peer, deadline)
  local node = redis.call('HGET', session_key(peer), 'node')
  if not node then return end
  for _, joined in ipairs(rooms_of(peer)) do count_member(joined[1], node, -1) end
  redis.call('HDEL', session_key(peer), 'node', 'stream')
  redis.call('SREM', node_peers_key(node), peer)
  redis.call('ZADD', detached_key, deadline, peer)
  keep(detached_key)
end

-- Sending: an entry goes into a log, and to the nodes that hold the streams of its receivers.
--
-- Libraries: keys, logs, dispatch

-- Sends an entry to one peer: to its inbox, and to the node that holds its stream. Returns whether there is a stream.
local function send_to_peer(peer, id, entry)
  local session = session_key(peer)
  append(inbox_key(peer), session, id, entry, '', 1)
  local at = redis.call('HMGET', session, 'node', 'stream')
  if not at[1] then return false end
  dispatch(at[1], 'peer', ',"stream":' .. cjson.encode(at[2]), id, entry)
  return true
end

-- Sends an entry to all members of a room but its author: to the room's log, and once to each node that holds a
-- member's stream.
local function send_to_room(room, id, entry, by)
  append(room_log_key(room), room_meta_key(room), id, entry, by, 1)
  local fields = ',"room":' .. cjson.encode(room)
  for _, node in ipairs(redis.call('HKEYS', room_nodes_key(room))) do
    dispatch(node, 'room', fields, id, entry)
  end
end

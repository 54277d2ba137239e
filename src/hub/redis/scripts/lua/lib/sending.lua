-- Sending: an entry goes into a log, and to the nodes that hold the streams of its receivers.
--
-- Libraries: keys, logs, dispatch

-- Sends an entry to one peer: to its inbox, and to the node that holds its stream. Returns whether there is a stream.
local function send_to_peer(peer, id, entry)
  local session = session_key(peer)
  local at = redis.call('HMGET', session, 'entries', 'bytes', 'last', 'last_by', 'node', 'stream')
  append(inbox_key(peer), session, at, id, entry, '', 1)
  if not at[5] then return false end
  dispatch(at[5], 'peer', ',"stream":' .. cjson.encode(at[6]), id, entry)
  return true
end

-- Sends an entry to all members of a room but its author: to the room's log, and once to each node that holds a
-- member's stream. Returns the number of those members, the author included.
local function send_to_room(room, id, entry, by)
  local meta = room_meta_key(room)
  local held = redis.call('HMGET', meta, 'entries', 'bytes', 'last', 'last_by')
  append(room_log_key(room), meta, held, id, entry, by, 1)
  local fields, connected = ',"room":' .. cjson.encode(room), 0
  local counts = redis.call('HGETALL', room_nodes_key(room))
  for i = 1, #counts, 2 do
    dispatch(counts[i], 'room', fields, id, entry)
    connected = connected + tonumber(counts[i + 1])
  end
  return connected
end

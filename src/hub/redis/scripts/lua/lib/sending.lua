-- Sending: an entry goes into a log, and to the nodes that hold the streams of its receivers.
--
-- Libraries: keys, ids, logs, dispatch

-- Entries, each for one peer, that this script has not sent yet: node -> {text of an entry, …}. A text is a line
-- '<id> <stream>', and the entry.
local unsent = {}

-- Puts an entry into a peer's inbox. If the peer has a stream, the entry is also put into `unsent`, for the node that holds
-- the stream. Returns whether there is a stream.
local function send_to_peer(peer, id, entry)
  local session = session_key(peer)
  local at = redis.call('HMGET', session, 'entries', 'bytes', 'last', 'last_by', 'node', 'stream')
  append(inbox_key(peer), session, at, id, entry, '', 1)
  local node, stream = at[5], at[6]
  if not node then return false end
  local texts = unsent[node] or {}
  texts[#texts + 1] = decimal(id) .. ' ' .. stream .. '\n' .. entry
  unsent[node] = texts
  return true
end

-- Sends the entries in `unsent`, in one dispatch to each node.
local function send_unsent()
  for node, texts in pairs(unsent) do dispatch(node, 'peers', '', nil, table.concat(texts, '\n')) end
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

-- Sends an entry to all others in a room. `is_member`: whether its author is a member. Returns the number of the others,
-- and whether one of them has a stream; also true if there are none.
local function send_to_others(room, id, entry, by, is_member)
  local others = redis.call('HLEN', room_key(room)) - (is_member and 1 or 0)
  if others == 0 then return 0, true end
  local connected = send_to_room(room, id, entry, by)
  -- If only one member has a stream, it may be the author.
  if connected == 1 and is_member and redis.call('HEXISTS', session_key(by), 'node') == 1 then connected = 0 end
  return others, connected > 0
end

-- Leaving: a peer is no longer in a room, and its session may still resume from before.
--
-- Libraries: keys, ids, logs, dispatch, sessions

-- How many left rooms a session remembers.
local max_past = 64

-- The room's entries from before the leave are still for the peer. When the session forgets the oldest such room, a
-- resume from before that room's last entry is refused. `join` is the id of the join, and `upto` that of the last entry
-- for the peer; nil if there is none.
local function remember_past(peer, room, join, upto)
  if not upto or tonumber(upto) <= tonumber(join) then return end
  local past = session_past_key(peer)
  redis.call('ZADD', past, upto, join .. ' ' .. room)
  keep(past)
  if redis.call('ZCARD', past) <= max_past then return end
  local oldest = tonumber(redis.call('ZPOPMIN', past)[2])
  local session = session_key(peer)
  local trimmed = read_marks(session, 'trimmed')
  store_marks(session, 'trimmed', marked(trimmed, decimal(math.max(tonumber(trimmed[1] or '0'), oldest)), ''))
end

-- Takes a peer out of a room that it is in, and tells the others why. `node` holds its stream, if it has one. Returns
-- the id of the entry.
local function leave_room(peer, room, join, node, reason)
  local upto = marked_for(peer, room_meta_key(room), 'last')
  local id = remove_member(peer, room, node, reason)
  remember_past(peer, room, join, upto)
  return id
end

-- Tells a peer that it is no longer in a room. `member` is what the room had of it. Returns the entry.
local function tell_removed(peer, room, id, member, node, stream, reason)
  local entry = to_removal(room, reason, member)
  local session = session_key(peer)
  local held = redis.call('HMGET', session, 'entries', 'bytes', 'last', 'last_by')
  append(inbox_key(peer), session, held, id, entry, '', 1)
  if node then
    dispatch(node, 'removed', ',"stream":' .. cjson.encode(stream) .. ',"room":' .. cjson.encode(room), id, entry)
  end
  return entry
end

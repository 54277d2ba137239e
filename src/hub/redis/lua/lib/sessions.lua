-- Sessions and rooms: who is in which, how they begin and end, and what a session missed.

local function peer_json(member) return string.sub(member, string.find(member, ' ', 1, true) + 1) end

-- The members, each as JSON, in order of joining. Numbers are sorted, which needs no function to compare them.
local function members(room)
  local joins, by_join = {}, {}
  for i, member in ipairs(redis.call('HVALS', key.room(room))) do
    local join = tonumber(string.match(member, '^%d+'))
    joins[i] = join
    by_join[join] = peer_json(member)
  end
  table.sort(joins)
  for i, join in ipairs(joins) do joins[i] = by_join[join] end
  return joins
end

-- A room as it is returned: its id, then its members, for whom it is looked where they are not given.
local function room_reply(room, present)
  local reply = { room }
  for i, member in ipairs(present or members(room)) do reply[i + 1] = member end
  return reply
end

-- A session's rooms in order of joining: {{room, id of the join as a string}, …}
local function rooms_of(peer)
  local flat = redis.call('HGETALL', key.session_rooms(peer))
  local rooms = {}
  for i = 1, #flat, 2 do rooms[#rooms + 1] = { flat[i], flat[i + 1] } end
  table.sort(rooms, function(a, b) return tonumber(a[2]) < tonumber(b[2]) end)
  return rooms
end

local function count_member(room, node, by)
  if redis.call('HINCRBY', key.room_nodes(room), node, by) <= 0 then
    redis.call('HDEL', key.room_nodes(room), node)
  end
end

local function peers_bytes(room) return tonumber(redis.call('HGET', key.room_meta(room), 'peers_bytes') or '0') end

-- Whether rooms are too much to tell of in one go.
local function too_large(rooms)
  local bytes = 0
  for _, joined in ipairs(rooms) do bytes = bytes + peers_bytes(joined[1]) end
  return bytes > 2 * max_room_bytes
end

-- Puts a peer, as JSON, into a room, or in the place of what it was there. False where it grows, has more than
-- the share of one peer, and the room is full of bytes then: nobody can keep others out by being large.
local function put_member(room, peer, join, json)
  local was = redis.call('HGET', key.room(room), peer)
  local more = #json - (was and #peer_json(was) or 0)
  local bytes = math.max(peers_bytes(room) + more, #json)
  if more > 0 and #json > peer_share and bytes > max_room_bytes then return false end
  redis.call('HSET', key.room(room), peer, join .. ' ' .. json)
  redis.call('HSET', key.room_meta(room), 'peers_bytes', bytes)
  return true
end

-- Takes a member out of a room, and tells the others. The room's log outlives the last of them, for
-- resumes of those who left it a moment ago.
local function remove_member(peer, room, node, reason)
  local member = redis.call('HGET', key.room(room), peer)
  redis.call('HDEL', key.room(room), peer)
  if member then redis.call('HINCRBY', key.room_meta(room), 'peers_bytes', -#peer_json(member)) end
  redis.call('HDEL', key.session_rooms(peer), room)
  if node then count_member(room, node, -1) end
  local id = allocate(1)
  if redis.call('EXISTS', key.room(room)) == 0 then
    redis.call('PEXPIRE', key.room_meta(room), retention_ms)
    redis.call('PEXPIRE', key.room_log(room), retention_ms)
  elseif member then
    -- Without the member, Redis has thrown something away: there is nobody to speak of.
    send_to_room(room, id, '{"type":"PeerRemoved","roomId":' .. cjson.encode(room) .. ',"peer":'
      .. peer_json(member) .. ',"reason":"' .. reason .. '"}', peer)
  end
  return id
end

-- Ends a session: its rooms hear why, and nothing of it stays.
local function finish(peer, reason)
  local at = redis.call('HMGET', key.session(peer), 'node', 'stream')
  for _, joined in ipairs(rooms_of(peer)) do remove_member(peer, joined[1], at[1], reason) end
  if at[1] then
    redis.call('SREM', key.node_peers(at[1]), peer)
    dispatch(at[1], 'replaced', ',"stream":' .. cjson.encode(at[2]))
  end
  redis.call('ZREM', key.detached, peer)
  redis.call('DEL', key.session(peer), key.session_rooms(peer), key.session_past(peer), key.inbox(peer))
end

-- Takes a session's stream from it, and gives it until `deadline` (ms) to come back (G4).
local function detach(peer, deadline)
  local node = redis.call('HGET', key.session(peer), 'node')
  if not node then return end
  for _, joined in ipairs(rooms_of(peer)) do count_member(joined[1], node, -1) end
  redis.call('HDEL', key.session(peer), 'node', 'stream')
  redis.call('SREM', key.node_peers(node), peer)
  redis.call('ZADD', key.detached, deadline, peer)
end

-- What a session missed after a cursor, log by log: its inbox, its rooms, the rooms it has left
-- since. Nil where some of it is gone, or where it is too much to bring at once.
local function missed(peer, after)
  local logs = {}
  local entries, bytes = 0, 0
  local function add(log, fields, from, upto)
    local items = read(peer, log, fields, from, upto)
    if not items then return false end
    for _, item in ipairs(items) do
      local last, json, _, n = contents(item)
      -- The first may have begun before the cursor.
      local news = math.min(n, last - tonumber(from))
      entries = entries + news
      bytes = bytes + #json * news / n
    end
    logs[#logs + 1] = items
    return entries <= max_entries * max_resume_factor and bytes <= max_bytes * max_resume_factor
  end
  local function later(id) return tonumber(id) > tonumber(after) and id or after end

  if not add(key.inbox(peer), key.session(peer), after, '+') then return nil end
  for _, joined in ipairs(rooms_of(peer)) do
    local room = joined[1]
    if not add(key.room_log(room), key.room_meta(room), later(joined[2]), '+') then return nil end
  end
  local past = redis.call('ZRANGEBYSCORE', key.session_past(peer), '(' .. after, '+inf', 'WITHSCORES')
  for i = 1, #past, 2 do
    local join, room = string.match(past[i], '^(%d+) (.*)$')
    local upto = decimal(tonumber(past[i + 1]))
    if not add(key.room_log(room), key.room_meta(room), later(join), upto) then return nil end
    -- The room may be gone, and its fields with it: then what was last for the peer is not there.
    local items = logs[#logs]
    if #items == 0 or items[#items][1] ~= upto .. '-0' then return nil end
  end
  return logs
end

local function room_id(room) return { room } end

-- What a node needs to go on with a session: {n, rooms, logs}. Dispatches to it that are numbered up
-- to n are in there already. `describe` makes of a room what is returned of it.
local function snapshot(peer, node, logs, describe)
  local rooms = {}
  for i, joined in ipairs(rooms_of(peer)) do rooms[i] = describe(joined[1]) end
  return { tonumber(redis.call('HGET', key.node(node), 'n') or '0'), rooms, logs }
end

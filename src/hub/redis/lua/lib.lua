-- What the scripts share; it stands in front of each of them.
--
-- KEYS[1]   {prefix}:seq, the last id given. All other keys are made from it, below and nowhere
--           else, so they are in its hash slot and a Cluster runs the script where they live.
-- ARGV[1]   how many entries a log keeps
-- ARGV[2]   how many bytes of JSON a log keeps
-- ARGV[3]   how long a log is kept after its last entry, in ms
-- ARGV[4]   how long a session outlives its stream (the grace period), in ms
-- ARGV[5…]  the script's own
--
-- An entry's JSON is built here from pieces that are JSON already, so that no value is decoded and
-- encoded again, which would not bring back what came in. Its id is not in it: a log has it as the
-- id in the stream, a dispatch in front.

local max_entries = tonumber(ARGV[1])
local max_bytes = tonumber(ARGV[2])
local retention_ms = tonumber(ARGV[3])
local grace_ms = tonumber(ARGV[4])

-- So many takeovers are remembered, for a client or a node that was away meanwhile.
local max_takeovers = 16
-- A session remembers so many rooms that it left, for a resume from before that.
local max_past = 64
-- A resume brings at most so many times what one log keeps.
local max_resume_factor = 4

local prefix = string.sub(KEYS[1], 1, -4)
-- Each kind of key has a word of its own in front: rooms and peers may be named anything.
local key = {
  -- sorted set: node -> its last beat, ms
  nodes = prefix .. 'nodes',
  -- string: when beats last began again after a silence, ms
  since = prefix .. 'since',
  -- hash: run, the run id of the Redis that serves; upto, the last id it knew when it began to; floor,
  -- below which no cursor serves any more
  primary = prefix .. 'primary',
  -- sorted set: the last id that a Redis knew when it began to serve -> the first that it gave
  takeovers = prefix .. 'takeovers',
  -- sorted set: peer -> when its grace runs out, ms
  detached = prefix .. 'detached',
  -- hash: n, how many dispatches it was sent; the name of its channel too
  node = function(node) return prefix .. 'node:' .. node end,
  -- set: the peers whose streams it holds
  node_peers = function(node) return prefix .. 'node-peers:' .. node end,
  -- hash: start, opened_with, profile (JSON), node and stream while connected, and the inbox's fields
  session = function(peer) return prefix .. 'session:' .. peer end,
  -- hash: room -> id of the join
  session_rooms = function(peer) return prefix .. 'session-rooms:' .. peer end,
  -- sorted set: 'join room' -> id of the leave
  session_past = function(peer) return prefix .. 'session-past:' .. peer end,
  -- log (stream): what is for this peer alone
  inbox = function(peer) return prefix .. 'inbox:' .. peer end,
  -- hash: peer -> 'join {peer as JSON}'
  room = function(room) return prefix .. 'room:' .. room end,
  -- hash: node -> how many connected members it holds
  room_nodes = function(room) return prefix .. 'room-nodes:' .. room end,
  -- log (stream): what is for all members
  room_log = function(room) return prefix .. 'room-log:' .. room end,
  -- hash: the log's fields
  room_meta = function(room) return prefix .. 'room-meta:' .. room end,
}
-- A log's fields: bytes, of JSON in it; last, the id of its newest entry, which outlives it;
-- trimmed, the newest id that it had to let go.

local function decimal(number) return string.format('%.0f', number) end

local function now_us()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000000 + tonumber(time[2])
end

local function now_ms() return math.floor(now_us() / 1000) end

local function last_id() return tonumber(redis.call('GET', KEYS[1]) or '0') end

-- The newest id that this script gave.
local newest = 0

-- Gives `count` ids in a row, and returns the first: a clock that never stands still or runs back.
local function allocate(count)
  local first = math.max(last_id() + 1, now_us())
  newest = first + count - 1
  redis.call('SET', KEYS[1], decimal(newest))
  return first
end

-- Lets go of the oldest entries while a log is over its bounds. What it lets go is on record (G3).
local function trim(log, fields, length, bytes)
  while length > 0 and (length > max_entries or bytes > max_bytes) do
    local oldest = redis.call('XRANGE', log, '-', '+', 'COUNT', math.max(1, length - max_entries))
    for _, item in ipairs(oldest) do
      bytes = bytes - #item[2][2]
      redis.call('XDEL', log, item[1])
    end
    length = length - #oldest
    redis.call('HSET', fields, 'trimmed', string.match(oldest[#oldest][1], '^%d+'))
  end
  return bytes
end

-- Appends a batch of entries with ids in a row. The batch is taken whole: only what is older is
-- trimmed, so that the entries of one join stay together.
local function append(log, fields, first, entries)
  local known = redis.call('HMGET', fields, 'bytes', 'last')
  local length = redis.call('XLEN', log)
  local bytes = 0
  if length > 0 then
    bytes = trim(log, fields, length, tonumber(known[1] or '0'))
  elseif known[2] then
    redis.call('HSET', fields, 'trimmed', known[2])
  end
  for i, entry in ipairs(entries) do
    redis.call('XADD', log, decimal(first + i - 1) .. '-0', 'e', entry)
    bytes = bytes + #entry
  end
  redis.call('HSET', fields, 'bytes', bytes, 'last', decimal(first + #entries - 1))
  redis.call('PEXPIRE', log, retention_ms)
end

-- What a log has after one id, up to and including another: {{id, {'e', entry}}, …}. Nil where some
-- of it is gone.
local function read(log, fields, after, upto)
  -- A log that has expired has lost all it had.
  local gone = redis.call('HGET', fields, redis.call('EXISTS', log) == 1 and 'trimmed' or 'last')
  if gone and tonumber(gone) > tonumber(after) then return nil end
  return redis.call('XRANGE', log, '(' .. after .. '-0', upto)
end

-- Sends one dispatch to a node. They are numbered, so that a node notices when it missed one, and say
-- which Redis tells: each has that on record since the first beat that it got.
local teller
local function dispatch(node, kind, body)
  teller = teller or string.sub(redis.call('HGET', key.primary, 'run') or '', 1, 8)
  local n = redis.call('HINCRBY', key.node(node), 'n', 1)
  redis.call('PUBLISH', key.node(node), '{"n":' .. n .. ',"run":"' .. teller .. '","newest":'
    .. decimal(newest) .. ',"kind":"' .. kind .. '"' .. body .. '}')
end

-- This Redis has lost writes that were acknowledged, up to the id `seen` at least: it took over from
-- one that had them. What it lost, it cannot tell, so no cursor from before serves any more, and all
-- streams are cut: their clients find out now, and not by a message that never comes (G3).
local function disown(seen)
  redis.call('SET', KEYS[1], decimal(math.max(last_id(), seen)))
  redis.call('HSET', key.primary, 'floor', decimal(allocate(1)))
  for _, node in ipairs(redis.call('ZRANGE', key.nodes, 0, -1)) do dispatch(node, 'disowned', '') end
end

local function entries_json(first, entries)
  local json = table.concat(entries, ',')
  return ',"first":' .. decimal(first) .. ',"bytes":' .. #json .. ',"entries":[' .. json .. ']'
end

-- Whether an id lies between what a Redis knew when it took over and what it gave: it was given by
-- the one before, and is lost.
local function is_lost(id)
  local takeover = redis.call('ZRANGEBYSCORE', key.takeovers, '(' .. decimal(id), '+inf', 'LIMIT', 0, 1)[1]
  return takeover ~= nil and id > tonumber(takeover)
end

-- Whether what followed a cursor can be known here.
local function vouched(cursor)
  if cursor < tonumber(redis.call('HGET', key.primary, 'floor') or '0') then return false end
  if is_lost(cursor) then
    disown(cursor)
    return false
  end
  return cursor <= last_id()
end

-- For one peer: its inbox, and the node that holds its stream. True where one does.
local function send_to_peer(peer, first, entries)
  local session = key.session(peer)
  append(key.inbox(peer), session, first, entries)
  local at = redis.call('HMGET', session, 'node', 'stream')
  if not at[1] then return false end
  dispatch(at[1], 'peer', ',"stream":' .. cjson.encode(at[2]) .. entries_json(first, entries))
  return true
end

-- For all members of a room: its log, and each node that holds one.
local function send_to_room(room, first, entry)
  append(key.room_log(room), key.room_meta(room), first, { entry })
  local body = ',"room":' .. cjson.encode(room) .. entries_json(first, { entry })
  for _, node in ipairs(redis.call('HKEYS', key.room_nodes(room))) do
    dispatch(node, 'room', body)
  end
end

-- The members in order of joining: {{join, 'peer as JSON'}, …}
local function members(room)
  local all = {}
  for i, value in ipairs(redis.call('HVALS', key.room(room))) do
    local join, json = string.match(value, '^(%d+) (.*)$')
    all[i] = { tonumber(join), json }
  end
  table.sort(all, function(a, b) return a[1] < b[1] end)
  return all
end

local function peer_json(member) return string.sub(member, string.find(member, ' ', 1, true) + 1) end

-- A room as it is returned: its id, then each member's JSON, in order of joining.
local function room_reply(room)
  local reply = { room }
  for _, member in ipairs(members(room)) do reply[#reply + 1] = member[2] end
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

-- Takes a member out of a room, and tells the others. The room's log outlives the last of them, for
-- resumes of those who left it a moment ago.
local function remove_member(peer, room, node, reason)
  local member = redis.call('HGET', key.room(room), peer)
  redis.call('HDEL', key.room(room), peer)
  redis.call('HDEL', key.session_rooms(peer), room)
  if node then count_member(room, node, -1) end
  local id = allocate(1)
  if redis.call('EXISTS', key.room(room)) == 1 then
    send_to_room(room, id, '{"type":"PeerRemoved","roomId":' .. cjson.encode(room) .. ',"peer":'
      .. peer_json(member) .. ',"reason":"' .. reason .. '"}')
  else
    redis.call('PEXPIRE', key.room_meta(room), retention_ms)
    redis.call('PEXPIRE', key.room_log(room), retention_ms)
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
  local total = 0
  local function add(log, fields, from, upto)
    local items = read(log, fields, from, upto)
    if not items then return false end
    total = total + #items
    logs[#logs + 1] = items
    return total <= max_entries * max_resume_factor
  end
  local function later(id) return tonumber(id) > tonumber(after) and id or after end

  local inbox = read(key.inbox(peer), key.session(peer), after, '+')
  if not inbox then return nil end
  logs[1] = inbox
  for _, joined in ipairs(rooms_of(peer)) do
    local room = joined[1]
    if not add(key.room_log(room), key.room_meta(room), later(joined[2]), '+') then return nil end
  end
  local past = redis.call('ZRANGEBYSCORE', key.session_past(peer), '(' .. after, '+inf', 'WITHSCORES')
  for i = 1, #past, 2 do
    local join, room = string.match(past[i], '^(%d+) (.*)$')
    local leave = decimal(tonumber(past[i + 1]))
    if not add(key.room_log(room), key.room_meta(room), later(join), leave) then return nil end
  end
  return logs
end

-- What a node needs to go on with a session: {n, rooms, logs}. Dispatches to it that are numbered up
-- to n are in there already. `describe` makes of a room what is returned of it.
local function snapshot(peer, node, logs, describe)
  local rooms = {}
  for i, joined in ipairs(rooms_of(peer)) do rooms[i] = describe(joined[1]) end
  return { tonumber(redis.call('HGET', key.node(node), 'n') or '0'), rooms, logs }
end

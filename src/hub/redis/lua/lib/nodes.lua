-- Nodes: what they are told, and what becomes of them and of cursors when Redis has lost writes.

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

-- Whether an id lies between what a Redis knew when it took over and what it gave: it was given by
-- the one before, and is lost.
local function is_lost(id)
  local takeover = redis.call('ZRANGEBYSCORE', key.takeovers, '(' .. decimal(id), '+inf', 'LIMIT', 0, 1)[1]
  return takeover ~= nil and id > tonumber(takeover)
end

-- Whether what followed a cursor can be known here. A client is believed that names one which was lost: where the nodes
-- that knew died with the primary, nobody else can tell. One that makes it up does so once: then the floor is above.
local function vouched(cursor)
  if cursor < tonumber(redis.call('HGET', key.primary, 'floor') or '0') then return false end
  if is_lost(cursor) then
    disown(cursor)
    return false
  end
  return cursor <= last_id()
end

-- The entries of a dispatch, with ids in a row.
local function batch_json(first, json)
  return ',"first":' .. decimal(first) .. ',"bytes":' .. #json .. ',"entries":[' .. json .. ']'
end

-- For one peer: its inbox, and the node that holds its stream. True where one does.
local function send_to_peer(peer, id, entry)
  local session = key.session(peer)
  append(key.inbox(peer), session, id, entry, '', 1)
  local at = redis.call('HMGET', session, 'node', 'stream')
  if not at[1] then return false end
  dispatch(at[1], 'peer', ',"stream":' .. cjson.encode(at[2]) .. batch_json(id, entry))
  return true
end

-- For all members of a room but the one it is by: its log, and each node that holds a member.
local function send_to_room(room, id, entry, by)
  append(key.room_log(room), key.room_meta(room), id, entry, by, 1)
  local body = ',"room":' .. cjson.encode(room) .. batch_json(id, entry)
  for _, node in ipairs(redis.call('HKEYS', key.room_nodes(room))) do
    dispatch(node, 'room', body)
  end
end

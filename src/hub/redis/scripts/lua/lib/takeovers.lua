-- Takeovers: whether a cursor is still valid after another Redis has begun to serve, which may have lost writes.
--
-- Libraries: keys, ids, dispatch

-- Called when this Redis has lost acknowledged writes, up to the id `seen` or further. It cannot tell which, so no
-- earlier cursor can be used any more, and all nodes cut their streams. The clients learn of it now: else they would
-- wait for entries that never come (G3).
local function disown(seen)
  redis.call('SET', KEYS[1], decimal(math.max(last_id(), seen)))
  redis.call('HSET', key.primary, 'floor', decimal(allocate(1)))
  for _, node in ipairs(redis.call('ZRANGE', key.nodes, 0, -1)) do dispatch(node, 'disowned', '') end
end

-- Whether an earlier Redis gave this id and the one that took over did not know it.
local function is_lost(id)
  local takeover = redis.call('ZRANGEBYSCORE', key.takeovers, '(' .. decimal(id), '+inf', 'LIMIT', 0, 1)[1]
  return takeover ~= nil and id > tonumber(takeover)
end

-- Whether this Redis can tell what followed a cursor. A cursor that was lost proves that writes were lost, although it
-- comes from a client: if the nodes that knew of them died with the primary, nobody else can tell. A client that makes
-- up such a cursor has this effect only once, because the floor then lies above it.
local function vouched(cursor)
  if cursor < tonumber(redis.call('HGET', key.primary, 'floor') or '0') then return false end
  if is_lost(cursor) then
    disown(cursor)
    return false
  end
  return cursor <= last_id()
end

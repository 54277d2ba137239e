-- Takeovers: whether a cursor is still valid after another Redis has begun to serve, which may have lost writes.
--
-- Libraries: keys, ids, clock, dispatch, snapshots
--
-- If a cursor lies in the gap of a takeover, either an earlier Redis gave it and this one has lost it, or a client made it
-- up. The same holds for a while after a takeover if no log has the entry of a cursor: while the roles change, two
-- primaries may give ids. The nodes know which it is. A node has seen every cursor that it gave to a client. After a
-- takeover it tells the newest id that it had seen from the Redis before. So the nodes that lived at a takeover are its
-- witnesses, until they have told all of that. If no witness has seen a newer id than this Redis knew when it took over,
-- the client made the cursor up. If a witness was given up before it was heard, only clients know which ids it had
-- seen, and their cursors are believed.

-- Called when this Redis has lost acknowledged writes, up to the id `seen` or further. It cannot tell which writes, so
-- no earlier cursor can be used any more, and all nodes cut their streams. So clients learn of the loss now, and do not
-- wait for entries that never come (G3).
local function disown(seen)
  redis.call('SET', KEYS[1], decimal(math.max(last_id(), seen)), 'PX', ids_ttl_ms)
  redis.call('HSET', primary_key, 'floor', decimal(allocate(1)))
  redis.call('DEL', witnesses_key, claims_key)
  for _, node in ipairs(redis.call('ZRANGE', nodes_key, 0, -1)) do dispatch(node, 'disowned', '') end
end

-- The takeover in whose gap an id lies, named by its first id. Nil if there is none.
local function gap_of(id)
  local takeover = redis.call('ZRANGEBYSCORE', takeovers_key, '(' .. decimal(id), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  if takeover[1] and id > tonumber(takeover[1]) then return decimal(tonumber(takeover[2])) end
  return nil
end

-- The witnesses that were not heard yet: {{member of the sorted set, takeover, node, until when to wait for it}, …}.
local function unheard_witnesses()
  local all, flat = {}, redis.call('ZRANGE', witnesses_key, 0, -1, 'WITHSCORES')
  for i = 1, #flat, 2 do
    local takeover, node = string.match(flat[i], '^(%d+) (.*)$')
    all[#all + 1] = { flat[i], takeover, node, tonumber(flat[i + 1]) }
  end
  return all
end

-- The takeover after which a client claims a loss, named by its first id: the one in whose gap the cursor lies, or else
-- the last one before the cursor. Nil if there is none.
local function takeover_of(cursor)
  local gap = gap_of(cursor)
  if gap then return gap end
  local last = redis.call('ZREVRANGEBYSCORE', takeovers_key, decimal(cursor), '-inf', 'WITHSCORES', 'LIMIT', 0, 1)
  return last[2] and decimal(tonumber(last[2]))
end

-- How far the ids of a lost Redis can be ahead of those that this one knows, and of its clock, in microseconds: as long as
-- the two may have served at once, and as far as their clocks differ.
local max_ahead_us = 60000000

-- Called when a client comes with a cursor that this Redis does not know. While a witness may still be heard, this only
-- notes the claim. The client begins anew in any case. A cursor that no Redis can have given is made up: if it were
-- believed, all later ids would have to be larger, and there are none beyond 2^53.
local function claim(cursor)
  if cursor > math.max(last_id(), now_us()) + max_ahead_us then return end
  local takeover, may_come = takeover_of(cursor), false
  for _, witness in ipairs(unheard_witnesses()) do
    if witness[2] == takeover then
      if redis.call('HEXISTS', node_key(witness[3]), 'life') == 0 then return disown(cursor) end
      may_come = true
    end
  end
  if not may_come then return end
  local earlier = tonumber(redis.call('HGET', claims_key, takeover) or '0')
  redis.call('HSET', claims_key, takeover, decimal(math.max(earlier, cursor)))
  redis.call('PEXPIRE', claims_key, retention_ms)
end

-- Called when a node is given up: claims about ids that it may have seen are believed now.
local function believe_claims(node)
  for _, witness in ipairs(unheard_witnesses()) do
    local cursor = witness[3] == node and redis.call('HGET', claims_key, witness[2])
    if cursor then return disown(tonumber(cursor)) end
  end
end

-- The entries that a session missed after a cursor. Nil if some are gone, or if this Redis cannot vouch that these are
-- all. If another Redis may have given the cursor, the client claims a loss. A client may also go on from a number between
-- two of its messages, such as the cursor of a receipt.
local function vouched(peer, rooms, start, after)
  local cursor = tonumber(after)
  if cursor < tonumber(redis.call('HGET', primary_key, 'floor') or '0') then return nil end
  local logs, known = missed(peer, rooms, start, after)
  if known then return logs end
  local in_doubt = steady_ms() < tonumber(redis.call('HGET', primary_key, 'doubt_until') or '0')
  -- If entries are gone, that alone is no sign of a loss.
  if logs and in_doubt or gap_of(cursor) then
    claim(cursor)
    return nil
  end
  return cursor <= last_id() and logs or nil
end

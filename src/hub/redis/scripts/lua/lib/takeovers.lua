-- Takeovers: whether a cursor is still valid after another Redis has begun to serve, which may have lost writes.
--
-- Libraries: keys, ids, dispatch
--
-- If a cursor lies in the gap of a takeover, either an earlier Redis gave it and this one has lost it, or a client made
-- it up. The nodes know which. A node has seen every cursor that it gave to a client, and each beat tells the newest id
-- that its node has seen. So the nodes that lived at a takeover are its witnesses, until they have beaten. If no
-- witness has seen a newer id than this Redis knew, the client made the cursor up. If a witness was given up before it
-- was heard, only clients know which ids it had seen, and their cursors are believed.

-- Called when this Redis has lost acknowledged writes, up to the id `seen` or further. It cannot tell which writes, so
-- no earlier cursor can be used any more, and all nodes cut their streams. So clients learn of the loss now, and do not
-- wait for entries that never come (G3).
local function disown(seen)
  redis.call('SET', KEYS[1], decimal(math.max(last_id(), seen)), 'PX', ids_ttl_ms)
  redis.call('HSET', key.primary, 'floor', decimal(allocate(1)))
  redis.call('DEL', key.witnesses, key.claims)
  for _, node in ipairs(redis.call('ZRANGE', key.nodes, 0, -1)) do dispatch(node, 'disowned', '') end
end

-- The takeover in whose gap an id lies, named by its first id. Nil if there is none.
local function gap_of(id)
  local takeover = redis.call('ZRANGEBYSCORE', key.takeovers, '(' .. decimal(id), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  if takeover[1] and id > tonumber(takeover[1]) then return decimal(tonumber(takeover[2])) end
  return nil
end

-- The witnesses that were not heard yet: {{member of the sorted set, takeover, node, until when to wait for it}, …}.
local function unheard_witnesses()
  local all, flat = {}, redis.call('ZRANGE', key.witnesses, 0, -1, 'WITHSCORES')
  for i = 1, #flat, 2 do
    local takeover, node = string.match(flat[i], '^(%d+) (.*)$')
    all[#all + 1] = { flat[i], takeover, node, tonumber(flat[i + 1]) }
  end
  return all
end

-- Called when a client comes with a cursor in the gap of a takeover. While a witness may still be heard, this only
-- notes the claim. The client begins anew in any case.
local function claim(cursor, takeover)
  local may_come = false
  for _, witness in ipairs(unheard_witnesses()) do
    if witness[2] == takeover then
      if redis.call('HEXISTS', key.node(witness[3]), 'life') == 0 then return disown(cursor) end
      may_come = true
    end
  end
  if not may_come then return end
  local earlier = tonumber(redis.call('HGET', key.claims, takeover) or '0')
  redis.call('HSET', key.claims, takeover, decimal(math.max(earlier, cursor)))
  redis.call('PEXPIRE', key.claims, retention_ms)
end

-- Called when a node is given up: claims about ids that it may have seen are believed now.
local function believe_claims(node)
  for _, witness in ipairs(unheard_witnesses()) do
    local cursor = witness[3] == node and redis.call('HGET', key.claims, witness[2])
    if cursor then return disown(tonumber(cursor)) end
  end
end

-- Whether this Redis knows all entries after a cursor. `heed` is called if the cursor lies in the gap of a takeover.
local function vouched(cursor, heed)
  if cursor < tonumber(redis.call('HGET', key.primary, 'floor') or '0') then return false end
  local takeover = gap_of(cursor)
  if takeover then
    heed(cursor, takeover)
    return false
  end
  return cursor <= last_id()
end

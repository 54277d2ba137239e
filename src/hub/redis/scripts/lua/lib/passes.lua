-- Passes: what scripts know of the token with which a peer comes, and which rooms it may not come back to (G16).
--
-- Libraries: keys, clock, ids
--
-- A pass is an argument: JSON with these fields.
--   id        the same whenever the same token is used; empty: unknown
--   issuedAt  when the token was made, in seconds since 1970; 0: unknown
--   rooms     the rooms in which the peer may be: ids, or beginnings of ids with a `*` behind; absent: all

-- Notes that a peer, which came with the pass of this id, was put out of a room.
local function note_removal(room, peer, pass_id)
  local removed, now = room_removed_key(room), steady_ms()
  for _, past in ipairs(redis.call('ZRANGEBYSCORE', removed, '-inf', now)) do redis.call('ZREM', removed, past) end
  redis.call('ZADD', removed, now + removal_ms, 'peer ' .. peer)
  if pass_id and pass_id ~= '' then redis.call('ZADD', removed, now + removal_ms, 'pass ' .. pass_id) end
  keep(removed)
end

-- Whether a peer may not come back to a room with this pass. One that was made after the removal lets it in.
local function is_put_out(room, peer, pass)
  local removed = room_removed_key(room)
  local until_ms = tonumber(redis.call('ZSCORE', removed, 'peer ' .. peer) or '0')
  if until_ms == 0 then return false end
  local now = steady_ms()
  if tonumber(redis.call('ZSCORE', removed, 'pass ' .. pass.id) or '0') > now then return true end
  if until_ms <= now then return false end
  -- Both in whole seconds: a token of the same second may be older than the removal.
  return pass.issuedAt <= math.floor((now_ms() - (removal_ms - (until_ms - now))) / 1000)
end

-- Whether the pass lets its peer be in a room.
local function pass_admits(pass, room)
  if not pass.rooms then return true end
  for _, pattern in ipairs(pass.rooms) do
    local beginning = string.match(pattern, '^(.*)%*$')
    if pattern == room or beginning and string.sub(room, 1, #beginning) == beginning then return true end
  end
  return false
end

-- The steady clock. It counts the time that elapses, even if Redis's own clock is set forward or back: a grace period
-- must then be neither shorter nor longer (G4).
--
-- Libraries: keys, ids
--
-- It is Redis's clock plus an offset. Each beat tells how far the node's own clock, which is never set, has moved since
-- the node's last beat. If Redis's clock has moved much further or less far, it was set, and set_clock.lua changes the
-- offset.

local function steady_ms() return now_ms() + tonumber(redis.call('HGET', primary_key, 'offset') or '0') end

-- When a node last beat. Nil if no node is listed.
local function newest_beat()
  return tonumber(redis.call('ZREVRANGE', nodes_key, 0, 0, 'WITHSCORES')[2])
end

-- From now on, and for the retention time, no further entry counts as past the retention time. If Redis's clock was set
-- forward, entries seem older than they are. If Redis was away, no client could fetch them (G3).
local function keep_entries(now)
  redis.call('HSET', primary_key, 'keep_until', now + retention_ms)
end

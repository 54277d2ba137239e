-- Sets the offset of the steady clock after Redis's own clock was set forward or back, so that the steady clock goes on
-- evenly. Each node notices the change, and the first one that runs this script sets the offset.
--
-- Libraries: keys, ids, clock
--
-- ARGV[1]  the offset of the steady clock, from the reply of the beat that noticed
-- ARGV[2]  how far Redis's clock was set forward, in ms; negative: back
--
-- Reply: 1 if this set the steady clock, else 0.

local offset, step = tonumber(ARGV[1]), tonumber(ARGV[2])
local known = redis.call('HMGET', primary_key, 'layout', 'offset')
if not known[1] or tonumber(known[2] or '0') ~= offset then return 0 end
redis.call('HSET', primary_key, 'offset', decimal(offset - step))

-- The deadlines of calls that are under way are times of the old clock. So these calls count as late (calls.lua).
for _, node in ipairs(redis.call('ZRANGE', nodes_key, 0, -1)) do
  redis.call('HSET', node_key(node), 'offset', '')
  keep(node_key(node))
end

local now = steady_ms()
keep_entries(now)
-- A stream may have closed between the step and the beat that noticed it.
local absent = redis.call('ZRANGEBYSCORE', detached_key, '(' .. decimal(now + grace_ms), '+inf')
for _, peer in ipairs(absent) do redis.call('ZADD', detached_key, now + grace_ms, peer) end
return 1

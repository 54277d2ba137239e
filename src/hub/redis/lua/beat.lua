-- A node says that it lives, and does its share of the housekeeping: sessions of nodes that are
-- silent for longer than a lease are detached since the beat that did not come, and those whose grace
-- has run out end. Each is done once, by whichever node comes first (G4).
--
-- ARGV[5]  node
-- ARGV[6]  how often a node beats, in ms
-- ARGV[7]  lease, in ms
-- ARGV[8]  how many sessions, and rooms of theirs, to look after at the most, or a few more
-- ARGV[9]  the run id of the Redis that the node knew; empty: none yet
-- ARGV[10] the newest id that it has from there; 0: none
--
-- The beat goes to the node's own channel too: one that does not come back means that its
-- subscriber connection is dead.
--
-- Returns {1 where the node was known, 0 where it is new or had been given up; 1 where there is more
-- to do; the run id of this Redis}.

local node, beat, lease, batch = ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local last_run, seen = ARGV[9], tonumber(ARGV[10])
local now = now_ms()

-- A replica that takes over, or a Redis that starts again from its disk, may lack the last writes of
-- the one before. It does where a node has seen more than it knew when it began.
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
if redis.call('HGET', key.primary, 'run') ~= run then
  local upto = decimal(last_id())
  redis.call('HSET', key.primary, 'run', run, 'upto', upto)
  redis.call('ZADD', key.takeovers, decimal(allocate(1)), upto)
  redis.call('ZREMRANGEBYRANK', key.takeovers, 0, -1 - max_takeovers)
end
local primary = redis.call('HMGET', key.primary, 'upto', 'floor')
local missing = last_run ~= run and seen > tonumber(primary[1]) or is_lost(seen)
if missing and seen >= tonumber(primary[2] or '0') then disown(seen) end

-- When no node could beat, Redis was away, and that time counts for nobody: nodes have all just beaten, and
-- a session whose grace ran out meanwhile, when it could not come back, has it once more.
local newest_beat = redis.call('ZREVRANGE', key.nodes, 0, 0, 'WITHSCORES')[2]
if not newest_beat or now - tonumber(newest_beat) > 3 * beat then
  for _, each in ipairs(redis.call('ZRANGE', key.nodes, 0, -1)) do redis.call('ZADD', key.nodes, now, each) end
  for _, peer in ipairs(redis.call('ZRANGEBYSCORE', key.detached, '-inf', now)) do
    redis.call('ZADD', key.detached, now + grace_ms, peer)
  end
end

local known = redis.call('ZADD', key.nodes, now, node) == 0
dispatch(node, 'beat', '')

local done = 0
local function effort(peer) return 1 + redis.call('HLEN', key.session_rooms(peer)) end

local silent = redis.call('ZRANGEBYSCORE', key.nodes, '-inf', now - lease, 'WITHSCORES')
for i = 1, #silent, 2 do
  local lost, last_beat = silent[i], tonumber(silent[i + 1])
  for _, peer in ipairs(redis.call('SRANDMEMBER', key.node_peers(lost), batch)) do
    if done >= batch then break end
    if redis.call('HGET', key.session(peer), 'node') == lost then detach(peer, last_beat + beat + grace_ms) end
    redis.call('SREM', key.node_peers(lost), peer)
    done = done + effort(peer)
  end
  if redis.call('EXISTS', key.node_peers(lost)) == 0 then
    redis.call('ZREM', key.nodes, lost)
    redis.call('DEL', key.node(lost))
  end
end

for _, peer in ipairs(redis.call('ZRANGEBYSCORE', key.detached, '-inf', now, 'LIMIT', 0, batch)) do
  if done >= batch then break end
  done = done + effort(peer)
  finish(peer, 'DISCONNECTED')
end
return { known and 1 or 0, done >= batch and 1 or 0, run }

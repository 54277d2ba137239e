-- A node says that it lives, and does its share of the housekeeping: sessions of nodes that are
-- silent for longer than a lease are detached since the beat that did not come, or since their stream was
-- opened where that was later, and those whose grace has run out end. Each is done once, by whichever
-- node comes first (G4).
--
-- ARGV[7]  node
-- ARGV[8]  how often a node beats, in ms
-- ARGV[9]  lease, in ms
-- ARGV[10]  how many sessions, and rooms of theirs, to look after at the most, or a few more
-- ARGV[11]  the run id of the Redis that the node knew; empty: none yet
-- ARGV[12]  the newest id that it has from there; 0: none
-- ARGV[13]  the number of its connection: each that it makes has a larger one
--
-- The beat goes to the node's own channel too: one that does not come back means that its
-- subscriber connection is dead.
--
-- Returns {a name for the node's life, another one where it is new, was given up or forgotten since the
-- last beat; 1 where there is more to do, else 0; the run id of this Redis; what its clock says, in ms}.

local node, beat, lease, batch = ARGV[7], tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local last_run, seen = ARGV[11], tonumber(ARGV[12])
local now = now_ms()
-- So long it is remembered of a node that was given up how many dispatches it was sent.
local memory_ms = 3600000

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

-- When no node could beat, Redis was away, and that time counts for nobody: each node's last beat and each
-- deadline move by that much, or to the end of a grace that begins now, if that is sooner. So they do where no
-- node is left to tell how long it was. With a short lease it has to be noticed before the third beat, by which
-- the other nodes would be taken for silent. All sessions at once, since it is once for an outage.
local newest_beat = redis.call('ZREVRANGE', key.nodes, 0, 0, 'WITHSCORES')[2]
local away = newest_beat and now - tonumber(newest_beat) or math.huge
if away > math.min(3 * beat, lease - beat) then
  local all = redis.call('ZRANGE', key.nodes, 0, -1, 'WITHSCORES')
  for i = 1, #all, 2 do redis.call('ZADD', key.nodes, tonumber(all[i + 1]) + away, all[i]) end
  local absent = redis.call('ZRANGE', key.detached, 0, -1, 'WITHSCORES')
  for i = 1, #absent, 2 do
    redis.call('ZADD', key.detached, math.min(tonumber(absent[i + 1]) + away, now + grace_ms), absent[i])
  end
end

-- A name, and not a word said once: the reply to a beat may be lost.
local is_new = redis.call('ZADD', key.nodes, now, node) == 1
local life = not is_new and redis.call('HGET', key.node(node), 'life')
if not life then
  life = decimal(allocate(1))
  redis.call('HSET', key.node(node), 'life', life)
  redis.call('PERSIST', key.node(node))
end
local connection = tonumber(redis.call('HGET', key.node(node), 'connection') or '0')
redis.call('HSET', key.node(node), 'connection', math.max(connection, tonumber(ARGV[13])))
dispatch(node, 'beat', '')

local done = 0
local function effort(peer) return 1 + redis.call('HLEN', key.session_rooms(peer)) end

local silent = redis.call('ZRANGEBYSCORE', key.nodes, '-inf', now - lease, 'WITHSCORES')
for i = 1, #silent, 2 do
  local lost, last_beat = silent[i], tonumber(silent[i + 1])
  -- It may come back before the last of its sessions is detached. What it is sent from now on has a hole
  -- before it, so that it asks whose its sessions are, and passes nothing on past what it was not sent.
  if redis.call('HDEL', key.node(lost), 'life') == 1 then redis.call('HINCRBY', key.node(lost), 'n', 1) end
  for _, peer in ipairs(redis.call('SRANDMEMBER', key.node_peers(lost), batch)) do
    if done >= batch then break end
    local at = redis.call('HMGET', key.session(peer), 'node', 'stream', 'opened')
    if at[1] == lost then
      -- A stream that was opened after the last beat was alive then.
      detach(peer, math.max(last_beat + beat, tonumber(at[3] or '0')) + grace_ms)
      redis.call('HSET', key.session(peer), 'given_up', at[2])
    end
    redis.call('SREM', key.node_peers(lost), peer)
    done = done + effort(peer)
  end
  if redis.call('EXISTS', key.node_peers(lost)) == 0 then
    redis.call('ZREM', key.nodes, lost)
    -- Should it come back, its dispatches are numbered on: what it has not read yet must not seem new.
    redis.call('PEXPIRE', key.node(lost), memory_ms)
  end
end

for _, peer in ipairs(redis.call('ZRANGEBYSCORE', key.detached, '-inf', now, 'LIMIT', 0, batch)) do
  if done >= batch then break end
  done = done + effort(peer)
  finish(peer, 'DISCONNECTED')
end
return { life, done >= batch and 1 or 0, run, now_ms() }

-- Tells Redis that a node lives, and does a share of the housekeeping. The script is atomic, so the node that comes
-- first does a piece of work, and no node does it again (G4).
--
-- Libraries: keys, ids, dispatch, takeovers, sessions
--
-- ARGV[1]  the node
-- ARGV[2]  how often a node beats, in ms
-- ARGV[3]  the lease, in ms: a node that is silent for longer is given up
-- ARGV[4]  about the most sessions and rooms to handle
-- ARGV[5]  the run id of the Redis that answered the node's last beat; empty: none
-- ARGV[6]  the newest id that the node knows of; 0: none
-- ARGV[7]  the number of the node's connection; a later connection has a larger number
-- ARGV[8]  the URL at which other nodes can reach the node; empty: none
--
-- Reply: {the name of the node's life, which changes if the node was given up or forgotten; 1 if there is more to do,
-- else 0; the run id of this Redis; the time by its clock, in ms; some other nodes: {node, its URL, …}}.

local node, beat_ms, lease_ms, batch = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local last_run, seen, connection, url = ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7]), ARGV[8]
-- How long the number of the last dispatch to a given-up node is kept, and at most the witnesses of a takeover.
local memory_ms = 3600000
-- How many other nodes to name.
local max_neighbours = 4
-- How many takeovers are remembered, for clients and nodes that were away meanwhile.
local max_takeovers = 16

local now = now_ms()
-- How many sessions and rooms this beat has handled.
local done = 0
local function effort(peer) return 1 + redis.call('HLEN', key.session_rooms(peer)) end

-- All nodes that live are witnesses of a takeover. A node that was given up before has seen nothing that this Redis does
-- not know: it was silent for a lease, and this Redis knows what came after that.
local function call_witnesses(takeover)
  for _, witness in ipairs(redis.call('ZRANGE', key.nodes, 0, -1)) do
    if redis.call('HEXISTS', key.node(witness), 'life') == 1 then
      redis.call('ZADD', key.witnesses, now + retention_ms, takeover .. ' ' .. witness)
    end
  end
  redis.call('PEXPIRE', key.witnesses, memory_ms)
end

-- This node has told what it has seen, so it is no witness any more. Forgets those that no longer matter.
local function hear_witness()
  for _, witness in ipairs(unheard_witnesses()) do
    if witness[3] == node or witness[4] < now then redis.call('ZREM', key.witnesses, witness[1]) end
  end
end

-- A replica that takes over, or a Redis that restarts from its disk, may lack the last writes of the one before. It
-- lacks some if a node knows of a newer id than this Redis did when it began to serve. Returns this Redis's run id.
local function note_serving_redis()
  local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
  if redis.call('HGET', key.primary, 'run') ~= run then
    local upto = decimal(last_id())
    redis.call('HSET', key.primary, 'run', run, 'upto', upto)
    local first = decimal(allocate(1))
    redis.call('ZADD', key.takeovers, first, upto)
    redis.call('ZREMRANGEBYRANK', key.takeovers, 0, -1 - max_takeovers)
    call_witnesses(first)
  end
  local primary = redis.call('HMGET', key.primary, 'upto', 'floor')
  local lacking = last_run ~= run and seen > tonumber(primary[1]) or gap_of(seen)
  if lacking and seen >= tonumber(primary[2] or '0') then disown(seen) end
  hear_witness()
  return run
end

-- If no node could beat for a while, Redis was away, and that time does not count. The last beats, and the deadlines of
-- sessions without a stream, move by that time. A deadline moves at most to the end of a grace period that begins now.
-- If no node is listed, nobody can tell how long Redis was away, and the deadlines move that far. The limit is below the
-- lease even if the lease is short: otherwise the other nodes would count as silent first. This moves all deadlines at
-- once, because the next beat sees no outage any more.
local function shift_deadlines_after_outage()
  local newest_beat = redis.call('ZREVRANGE', key.nodes, 0, 0, 'WITHSCORES')[2]
  local away_ms = newest_beat and now - tonumber(newest_beat) or math.huge
  if away_ms <= math.min(3 * beat_ms, lease_ms - beat_ms) then return end
  local all = redis.call('ZRANGE', key.nodes, 0, -1, 'WITHSCORES')
  for i = 1, #all, 2 do redis.call('ZADD', key.nodes, tonumber(all[i + 1]) + away_ms, all[i]) end
  local absent = redis.call('ZRANGE', key.detached, 0, -1, 'WITHSCORES')
  for i = 1, #absent, 2 do
    redis.call('ZADD', key.detached, math.min(tonumber(absent[i + 1]) + away_ms, now + grace_ms), absent[i])
  end
  for _, witness in ipairs(unheard_witnesses()) do
    redis.call('ZADD', key.witnesses, math.min(witness[4] + away_ms, now + retention_ms), witness[1])
  end
end

-- Records the beat, and sends it to the node's own channel: if it does not come back, the node's listening connection
-- is dead. Returns the name of the node's life. A name can be compared later, so it does not matter if a reply is lost.
local function note_beat()
  local is_new = redis.call('ZADD', key.nodes, now, node) == 1
  local life = not is_new and redis.call('HGET', key.node(node), 'life')
  if not life then
    life = decimal(allocate(1))
    redis.call('HSET', key.node(node), 'life', life)
    redis.call('PERSIST', key.node(node))
  end
  local highest = tonumber(redis.call('HGET', key.node(node), 'connection') or '0')
  redis.call('HSET', key.node(node), 'connection', math.max(highest, connection), 'url', url)
  dispatch(node, 'beat', '')
  return life
end

-- Gives up the nodes that are silent for longer than the lease. The grace period of their sessions begins when the
-- first missing beat was due, or when the stream was opened if that was later.
local function detach_streams_of_silent_nodes()
  local silent = redis.call('ZRANGEBYSCORE', key.nodes, '-inf', now - lease_ms, 'WITHSCORES')
  for i = 1, #silent, 2 do
    local lost, last_beat = silent[i], tonumber(silent[i + 1])
    -- The node may come back before its last session is detached. A skipped number looks like a missed dispatch: the
    -- node then asks for snapshots, so it passes on no later entry before those that it was not sent.
    if redis.call('HDEL', key.node(lost), 'life') == 1 then
      redis.call('HINCRBY', key.node(lost), 'n', 1)
      believe_claims(lost)
    end
    for _, peer in ipairs(redis.call('SRANDMEMBER', key.node_peers(lost), batch)) do
      if done >= batch then break end
      local at = redis.call('HMGET', key.session(peer), 'node', 'stream', 'opened')
      if at[1] == lost then
        -- A stream that was opened after the last beat was alive then.
        detach(peer, math.max(last_beat + beat_ms, tonumber(at[3] or '0')) + grace_ms)
        redis.call('HSET', key.session(peer), 'given_up', at[2])
      end
      redis.call('SREM', key.node_peers(lost), peer)
      done = done + effort(peer)
    end
    if redis.call('EXISTS', key.node_peers(lost)) == 0 then
      redis.call('ZREM', key.nodes, lost)
      -- If the node comes back, its numbers go on: a dispatch that it has not read yet must not seem new.
      redis.call('PEXPIRE', key.node(lost), memory_ms)
    end
  end
end

local function end_sessions_past_grace()
  for _, peer in ipairs(redis.call('ZRANGEBYSCORE', key.detached, '-inf', now, 'LIMIT', 0, batch)) do
    if done >= batch then break end
    done = done + effort(peer)
    finish(peer, 'DISCONNECTED')
  end
end

-- Names the nodes that have beaten last. If this node loses Redis, it asks them whether they hear it.
local function neighbours()
  local found = {}
  for _, other in ipairs(redis.call('ZREVRANGE', key.nodes, 0, max_neighbours)) do
    local at = other ~= node and redis.call('HGET', key.node(other), 'url')
    if at and at ~= '' then
      found[#found + 1] = other
      found[#found + 1] = at
    end
  end
  return found
end

local run = note_serving_redis()
shift_deadlines_after_outage()
local life = note_beat()
detach_streams_of_silent_nodes()
end_sessions_past_grace()
return { life, done >= batch and 1 or 0, run, now_ms(), neighbours() }

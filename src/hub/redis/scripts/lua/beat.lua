-- Tells Redis that a node lives, and does a share of the housekeeping. The script is atomic, so each piece of work is
-- done by one node, once (G4).
--
-- Libraries: keys, ids, clock, dispatch, takeovers, sessions
--
-- ARGV[1]  the node
-- ARGV[2]  how often a node beats, in ms
-- ARGV[3]  the lease, in ms: a node that is silent for longer is given up
-- ARGV[4]  about the most sessions and rooms to handle
-- ARGV[5]  the takeover that the reply to the node's last beat named; empty: none
-- ARGV[6]  the newest id that the node knows of; 0: none
-- ARGV[7]  the number of the node's connection; a later connection has a larger number
-- ARGV[8]  the URL at which other nodes can reach the node; empty: none
-- ARGV[9]  the run id of this Redis. Not every Redis lets a script ask for it
-- ARGV[10] the steady clock's time at the node's last beat, in ms; 0: none
-- ARGV[11] how long ago the node sent that beat, in ms
--
-- Reply: {the name of the node's life, which changes if the node was given up or forgotten; 1 if there is more to do,
-- else 0; the time by Redis's clock, in ms; some other nodes: {node, its URL, …}; the time by the steady clock, in ms;
-- its offset; how far Redis's clock was set forward since the node's last beat, in ms; the takeover with which this Redis
-- began to serve}. If the step of the clock is not 0, the beat has not counted: the node runs set_clock.lua, and beats
-- again.
-- Errors: OTHER_LAYOUT <number found> <number of this version> if the keys are of another version of Signalbox.

local node, beat_ms, lease_ms, batch = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local last_takeover, seen, connection, url, run = ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7]), ARGV[8], ARGV[9]
local last_beat, elapsed_ms = tonumber(ARGV[10]), tonumber(ARGV[11])
-- Between two answered beats, Redis's clock and the node's clock advance by the same time, to within less than this.
local max_drift_ms = 2000
-- How long the number of the last dispatch to a given-up node is kept, and at most the witnesses of a takeover.
local memory_ms = 3600000
-- How many other nodes to name.
local max_neighbours = 4
-- How many takeovers are remembered, for clients and nodes that were away meanwhile.
local max_takeovers = 16

local now
-- How many sessions and rooms this beat has handled.
local done = 0
local function effort(peer) return 1 + redis.call('HLEN', session_rooms_key(peer)) end

-- All nodes that live are witnesses of a takeover. A node that was given up before is none. It was silent for a lease,
-- and this Redis knows ids from after that, so the node has seen no id that this Redis does not know.
local function call_witnesses(takeover)
  for _, witness in ipairs(redis.call('ZRANGE', nodes_key, 0, -1)) do
    if redis.call('HEXISTS', node_key(witness), 'life') == 1 then
      redis.call('ZADD', witnesses_key, now + retention_ms, takeover .. ' ' .. witness)
      redis.call('HSET', primary_key, 'doubt_until', now + retention_ms)
    end
  end
  redis.call('PEXPIRE', witnesses_key, memory_ms)
end

-- Names this Redis in the records of all nodes that live, whose calls send dispatches (calls.lua).
local function name_sender()
  for _, each in ipairs(redis.call('ZRANGE', nodes_key, 0, -1)) do
    redis.call('HSET', node_key(each), 'run', sender)
    keep(node_key(each))
  end
end

-- Forgets the witnesses that have told all, and those that no longer matter. A node has told all when its beat names this
-- takeover: it then no longer uses the Redis before, and has told what it saw there.
local function hear_witness(takeover)
  for _, witness in ipairs(unheard_witnesses()) do
    local heard = witness[3] == node and last_takeover == takeover
    if heard or witness[4] < now then redis.call('ZREM', witnesses_key, witness[1]) end
  end
end

-- The number of another layout in Redis. Nil if it is this one. If Redis is empty, this layout begins.
local function other_layout()
  local known = redis.call('HMGET', primary_key, 'layout', 'run')
  if known[1] == layout then return nil end
  -- The first version had no numbers.
  if known[1] or known[2] or redis.call('EXISTS', KEYS[1]) == 1 then return known[1] or '1' end
  redis.call('HSET', primary_key, 'layout', layout)
  keep(primary_key)
  return nil
end

-- Whether this Redis lacks writes whose ids the node knows. The node knows these ids from an earlier Redis. What counts is
-- the takeover right after the last one that the node knew, which may not be the newest.
local function lacks_writes(takeover)
  if gap_of(seen) then return true end
  if last_takeover == '' or last_takeover == takeover then return false end
  local upto = tonumber(redis.call('HGET', primary_key, 'upto'))
  local next_upto = redis.call('ZRANGEBYSCORE', takeovers_key, '(' .. last_takeover, '+inf', 'LIMIT', 0, 1)[1]
  return seen > math.min(upto, tonumber(next_upto) or upto)
end

-- A replica that takes over, or a Redis that restarts from its disk, may lack the last writes of the one before.
-- Returns the takeover with which this Redis began to serve.
local function note_serving_redis()
  if redis.call('HGET', primary_key, 'run') ~= run then
    local upto = decimal(last_id())
    local first = decimal(allocate(1))
    redis.call('HSET', primary_key, 'run', run, 'upto', upto, 'takeover', first)
    redis.call('ZADD', takeovers_key, first, upto)
    redis.call('ZREMRANGEBYRANK', takeovers_key, 0, -1 - max_takeovers)
    call_witnesses(first)
    name_sender()
  end
  local known = redis.call('HMGET', primary_key, 'takeover', 'floor')
  if lacks_writes(known[1]) and seen >= tonumber(known[2] or '0') then disown(seen) end
  hear_witness(known[1])
  return known[1]
end

-- How far Redis's clock was set forward since the node's last beat, in ms. If another node has beaten just now, the
-- clock was not set: this node's own clock or line stood still.
local function clock_step()
  local step = now - last_beat - elapsed_ms
  if last_beat == 0 or math.abs(step) <= max_drift_ms then return 0 end
  for _, other in ipairs(redis.call('ZRANGEBYSCORE', nodes_key, now - max_drift_ms, now, 'LIMIT', 0, 2)) do
    if other ~= node then return 0 end
  end
  return step
end

-- If no node could beat for a while, Redis was away, and that time does not count. The last beats, and the deadlines of
-- sessions without a stream, move by that time. A deadline moves at most to the end of a grace period that begins now.
-- If no node is listed, it is unknown how long Redis was away, and the deadlines move that far. Redis counts as away
-- after three beats, or after a lease less one beat if that is shorter: otherwise the other nodes would count as silent
-- first. This moves all deadlines at once, because the next beat sees no outage any more.
local function shift_deadlines_after_outage()
  local newest_known = newest_beat()
  local away_ms = newest_known and now - newest_known or math.huge
  if away_ms <= math.min(3 * beat_ms, lease_ms - beat_ms) then return end
  local all = redis.call('ZRANGE', nodes_key, 0, -1, 'WITHSCORES')
  for i = 1, #all, 2 do redis.call('ZADD', nodes_key, tonumber(all[i + 1]) + away_ms, all[i]) end
  local absent = redis.call('ZRANGE', detached_key, 0, -1, 'WITHSCORES')
  for i = 1, #absent, 2 do
    redis.call('ZADD', detached_key, math.min(tonumber(absent[i + 1]) + away_ms, now + grace_ms), absent[i])
  end
  for _, witness in ipairs(unheard_witnesses()) do
    redis.call('ZADD', witnesses_key, math.min(witness[4] + away_ms, now + retention_ms), witness[1])
    redis.call('HSET', primary_key, 'doubt_until', now + retention_ms)
  end
  keep_entries(now)
end

-- Records the beat, and sends it to the node's own channel: if it does not come back, the node's listening connection
-- is dead. Returns the name of the node's life. A name can be compared later, so it does not matter if a reply is lost.
local function note_beat()
  local is_new = redis.call('ZADD', nodes_key, now, node) == 1
  local life = not is_new and redis.call('HGET', node_key(node), 'life')
  if not life then
    life = decimal(allocate(1))
    redis.call('HSET', node_key(node), 'life', life)
  end
  local highest = tonumber(redis.call('HGET', node_key(node), 'connection') or '0')
  local offset = decimal(now - now_ms())
  redis.call('HSET', node_key(node), 'connection', math.max(highest, connection), 'url', url, 'offset', offset, 'run',
    sender)
  dispatch(node, 'beat', '')
  return life
end

-- Gives up the nodes that are silent for longer than the lease. The grace period of their sessions begins when the
-- first missing beat was due, or when the stream was opened if that was later.
local function detach_streams_of_silent_nodes()
  local silent = redis.call('ZRANGEBYSCORE', nodes_key, '-inf', now - lease_ms, 'WITHSCORES')
  for i = 1, #silent, 2 do
    local lost, silent_since = silent[i], tonumber(silent[i + 1])
    -- The node may come back before its last session is detached. A skipped number looks like a missed dispatch: the
    -- node then asks for snapshots, so it passes on no later entry before those that it was not sent.
    if redis.call('HDEL', node_key(lost), 'life') == 1 then
      redis.call('HINCRBY', node_key(lost), 'n', 1)
      believe_claims(lost)
    end
    for _, peer in ipairs(redis.call('SRANDMEMBER', node_peers_key(lost), batch)) do
      if done >= batch then break end
      local at = redis.call('HMGET', session_key(peer), 'node', 'stream', 'opened')
      if at[1] == lost then
        -- A stream that was opened after the last beat was alive then. If Redis's clock was set forward for a moment,
        -- the stream may seem to be opened later than now.
        detach(peer, math.min(math.max(silent_since + beat_ms, tonumber(at[3] or '0')), now) + grace_ms)
        redis.call('HSET', session_key(peer), 'given_up', at[2])
      end
      redis.call('SREM', node_peers_key(lost), peer)
      done = done + effort(peer)
    end
    if redis.call('EXISTS', node_peers_key(lost)) == 0 then
      redis.call('ZREM', nodes_key, lost)
      -- If the node comes back, its numbers go on: a dispatch that it has not read yet must not seem new.
      redis.call('PEXPIRE', node_key(lost), memory_ms)
    end
  end
end

local function end_sessions_past_grace()
  for _, peer in ipairs(redis.call('ZRANGEBYSCORE', detached_key, '-inf', now, 'LIMIT', 0, batch)) do
    if done >= batch then break end
    done = done + effort(peer)
    finish(peer, 'DISCONNECTED')
  end
end

-- Deletes logs that had no entry for the retention time, and the data of rooms that had no member for that long. Redis
-- could expire these keys, but it would delete all at once if its clock is set forward, and each relay would have to
-- renew a key.
local function delete_what_is_past_retention()
  local known = redis.call('HMGET', primary_key, 'keep_until', 'oldest_kept')
  local oldest_kept = tonumber(known[2] or '0')
  if now >= tonumber(known[1] or '0') then
    oldest_kept = now_us() - retention_ms * 1000
    redis.call('HSET', primary_key, 'oldest_kept', decimal(oldest_kept))
  end
  local before = '(' .. decimal(oldest_kept / 1000)
  for _, name in ipairs(redis.call('ZRANGEBYSCORE', expiring_key, '-inf', before, 'LIMIT', 0, batch)) do
    if done >= batch then break end
    done = done + 1
    local is_log = string.sub(name, 1, #room_meta_key('')) ~= room_meta_key('')
    local newest_item = is_log and redis.call('XREVRANGE', name, '+', '-', 'COUNT', 1)[1]
    local newest_entry = newest_item and tonumber(string.match(newest_item[1], '^%d+')) or 0
    if newest_entry >= oldest_kept then
      redis.call('ZADD', expiring_key, decimal(newest_entry / 1000), name)
    else
      redis.call('DEL', name)
      redis.call('ZREM', expiring_key, name)
    end
  end
end

-- Keeps the keys of the deployment and of this node. `expiring` is never empty, so other scripts need not keep it.
local function keep_keys()
  redis.call('ZADD', expiring_key, '+inf', '')
  keep(nodes_key, primary_key, takeovers_key, detached_key, expiring_key, node_key(node), node_peers_key(node))
  redis.call('PEXPIRE', KEYS[1], ids_ttl_ms)
end

-- Names the nodes that have beaten last. If this node loses Redis, it asks them whether they hear it.
local function neighbours()
  local found = {}
  for _, other in ipairs(redis.call('ZREVRANGE', nodes_key, 0, max_neighbours)) do
    local at = other ~= node and redis.call('HGET', node_key(other), 'url')
    if at and at ~= '' then
      found[#found + 1] = other
      found[#found + 1] = at
    end
  end
  return found
end

local found = other_layout()
if found then return redis.error_reply('OTHER_LAYOUT ' .. found .. ' ' .. layout) end
sender = string.sub(run, 1, 8)
now = steady_ms()
local step = clock_step()
if step ~= 0 then return { '', 0, now_ms(), {}, now, now - now_ms(), step, '' } end
local takeover = note_serving_redis()
shift_deadlines_after_outage()
local life = note_beat()
detach_streams_of_silent_nodes()
end_sessions_past_grace()
delete_what_is_past_retention()
keep_keys()
return { life, done >= batch and 1 or 0, now_ms(), neighbours(), now, now - now_ms(), 0, takeover }

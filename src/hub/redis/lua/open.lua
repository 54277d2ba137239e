-- Opens a peer's stream at a node: the session goes on from its cursor, or a new one begins (G3, G5).
--
-- ARGV[7]  peer
-- ARGV[8]  its profile, as JSON
-- ARGV[9]  node
-- ARGV[10]  stream, a name that the node made for it
-- ARGV[11]  after, the cursor; empty: none
-- ARGV[12]  the number of the node's connection
-- ARGV[13]  until when the node waits for the answer, in ms
--
-- Returns {resumed (1 or 0), cursor, told (1; 0 where the rooms are too much to tell of: then they are their ids
-- alone), when that was (ms), n, rooms, logs}. Errors: REPLACED, for an older session's cursor;
-- UNAVAILABLE, where the node is not known, or does not wait for the answer any more.

local peer, profile, node, stream, after = ARGV[7], ARGV[8], ARGV[9], ARGV[10], ARGV[11]
local connection, deadline = ARGV[12], tonumber(ARGV[13])
local opened = now_ms()
-- What a node that was given up takes on, nobody would look after. And what it has given up itself, with its
-- connection or since this Redis stood still, is refused: the peer may be elsewhere by now, and would lose its stream.
local known_by = redis.call('HGET', key.node(node), 'connection')
if not redis.call('ZSCORE', key.nodes, node) or known_by ~= connection or opened > deadline then
  return redis.error_reply('UNAVAILABLE')
end

local session = key.session(peer)
local known = redis.call('HMGET', session, 'start', 'opened_with', 'node', 'stream')
local start, opened_with, old_node, old_stream = known[1], known[2], known[3], known[4]

local logs
if start then
  -- The cursor that this session was opened with comes again where the answer was lost on its way.
  local usable = after ~= '' and after ~= opened_with
  if usable and tonumber(after) < tonumber(start) then return redis.error_reply('REPLACED') end
  if usable and vouched(tonumber(after)) then logs = missed(peer, after) end
  if not logs then finish(peer, 'REPLACED') end
end

local resumed = logs ~= nil
local cursor = after
if not resumed then
  cursor = decimal(allocate(1))
  logs = {}
  redis.call('HSET', session, 'start', cursor, 'opened_with', after)
elseif old_node then
  dispatch(old_node, 'replaced', ',"stream":' .. cjson.encode(old_stream))
  redis.call('SREM', key.node_peers(old_node), peer)
  for _, joined in ipairs(rooms_of(peer)) do count_member(joined[1], old_node, -1) end
end

redis.call('HSET', session, 'profile', profile, 'node', node, 'stream', stream, 'opened', opened)
redis.call('SADD', key.node_peers(node), peer)
redis.call('HDEL', session, 'given_up')
redis.call('ZREM', key.detached, peer)
for _, joined in ipairs(rooms_of(peer)) do count_member(joined[1], node, 1) end

local told = not too_large(rooms_of(peer))
local now = snapshot(peer, node, logs, told and room_reply or room_id)
return { resumed and 1 or 0, cursor, told and 1 or 0, opened, now[1], now[2], now[3] }

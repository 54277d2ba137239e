-- Opens a peer's stream at a node. The session goes on from the cursor, or a new session begins (G3, G5). The session
-- enters the rooms that the stream names, unless it is in them (G15). If it may not enter one, nothing changes. A session
-- that goes on leaves the rooms that its new pass does not admit it to (G16).
--
-- Libraries: keys, ids, calls, clock, logs, dispatch, snapshots, takeovers, members, joining, sessions, leaving, passes
--
-- ARGV[1]  the peer's id
-- ARGV[2]  the peer, as JSON
-- ARGV[3]  the stream's name, which no other stream has
-- ARGV[4]  the cursor; empty: none
-- ARGV[5]  1 if the members of the rooms are asked for, else 0
-- ARGV[6]  1 if the node has no place for a new session, only for one that goes on; else 0
-- ARGV[7]  the peer's pass (passes.lua)
-- ARGV[8]  a room to enter, and ARGV[9] the peer's state there, as JSON; and so on. Each room comes once.
--
-- Reply, one of:
--   {'opened'; 1 if the session goes on, else 0; the cursor of `Connected`; the newest id that this gave, '0' if it
--   gave none; 0 if the members are asked for and left out, because they are too large for one answer, else 1; when the
--   stream was opened, in ms; and a snapshot: n; rooms; logs}
--   {'refused', error, room}: the room cannot be entered: ROOM_FULL, TOO_MANY_ROOMS, PAYLOAD_TOO_LARGE, or FORBIDDEN if
--   the peer was put out of it. The room is empty if all rooms together are too large for one answer.
-- Errors: REPLACED if the cursor belongs to an older session. UNAVAILABLE if the call is late (calls.lua),
-- or if the node has no place for the session.

local peer, profile, stream, after = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
if is_late() then return redis.error_reply('UNAVAILABLE') end
local with_members, full, pass = ARGV[5] == '1', ARGV[6] == '1', cjson.decode(ARGV[7])
local node, opened = caller, steady_ms()

-- If a session's keys were last kept longer ago than this, a stream that opens keeps them. Its node does so only later
-- (renew.lua), and the session may move to another node before.
local max_kept_ms = ttl_ms / 8

local session = session_key(peer)
local known = redis.call('HMGET', session, 'start', 'opened_with', 'node', 'stream', 'kept', 'given_up')
local start, opened_with, old_node, old_stream = known[1], known[2], known[3], known[4]
local was_in = start and rooms_of(peer) or {}

local logs
if start then
  -- The client sends the cursor that this session was opened with again, because it did not get the answer.
  local usable = after ~= '' and after ~= opened_with
  if usable and tonumber(after) < tonumber(start) then return redis.error_reply('REPLACED') end
  if usable then logs = vouched(peer, was_in, start, after) end
end
local resumed = logs ~= nil
if full and not resumed then return redis.error_reply('UNAVAILABLE') end

-- The rooms in which the session stays, and those that it leaves.
local rooms, lost = {}, {}
if resumed then
  for _, joined in ipairs(was_in) do
    local list = pass_admits(pass, joined[1]) and rooms or lost
    list[#list + 1] = joined
  end
end

-- The rooms to enter, each as {room, state, the size of its members then}. All are checked before anything changes.
local entering = {}
if own_arguments > 7 then
  local count, bytes = #rooms, bytes_of(rooms)
  for i = 8, own_arguments, 2 do
    local room, state = ARGV[i], ARGV[i + 1]
    local earlier = redis.call('HGET', room_key(room), peer)
    if not (resumed and earlier) then
      if is_put_out(room, peer, pass) then return { 'refused', 'FORBIDDEN', room } end
      local room_bytes, fault = admit(room, earlier, member_bytes(profile, state), count)
      if fault then return { 'refused', fault, room } end
      entering[#entering + 1] = { room, state, room_bytes }
      count = count + 1
      bytes = bytes + room_bytes
    end
  end
  if #entering > 0 and too_large(bytes) then return { 'refused', 'PAYLOAD_TOO_LARGE', '' } end
end

if start and not resumed then finish(peer, 'REPLACED') end
local cursor = after
if not resumed then
  cursor = decimal(allocate(1))
  logs = {}
  redis.call('HSET', session, 'start', cursor, 'opened_with', after, 'kept', opened)
  keep(session)
elseif old_node then
  dispatch(old_node, 'replaced', ',"stream":' .. cjson.encode(old_stream))
  redis.call('SREM', node_peers_key(old_node), peer)
  for _, joined in ipairs(was_in) do count_member(joined[1], old_node, -1) end
else
  redis.call('ZREM', detached_key, peer)
  if known[6] then redis.call('HDEL', session, 'given_up') end
end

for _, joined in ipairs(lost) do
  local room, member = joined[1], redis.call('HGET', room_key(joined[1]), peer)
  local id = leave_room(peer, room, joined[2], nil, 'KICKED')
  if member then
    logs[#logs + 1] = { to_item(id, tell_removed(peer, room, id, member, nil, nil, 'KICKED'), '', 1) }
  end
end

-- The members of the rooms that the peer enters. The entries about them come after the missed entries.
local present = {}
for _, joined in ipairs(entering) do
  local room = joined[1]
  local text, others, first, offers = enter(peer, profile, room, joined[2], joined[3])
  present[room] = text
  if offers then logs[#logs + 1] = { to_item(first, offers, '', others) } end
  rooms[#rooms + 1] = joined
end

redis.call('HSET', session, 'profile', profile, 'node', node, 'stream', stream, 'opened', opened, 'pass', pass.id)
redis.call('SADD', node_peers_key(node), peer)
keep(node_peers_key(node))
for _, joined in ipairs(rooms) do count_member(joined[1], node, 1) end
if resumed and math.abs(opened - tonumber(known[5] or '0')) > max_kept_ms then
  keep_session(peer, rooms)
  redis.call('HSET', session, 'kept', opened)
end

local told = not with_members or not too_large(bytes_of(rooms))
local function describe(room)
  return with_members and told and room_reply(room, present[room]) or room_id(room)
end
local now = snapshot(node, rooms, logs, describe)
return { 'opened', resumed and 1 or 0, cursor, decimal(newest), told and 1 or 0, opened, now[1], now[2], now[3] }

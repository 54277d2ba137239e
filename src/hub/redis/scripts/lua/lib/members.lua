-- Members: the peers in each room, and the rooms of each peer.
--
-- Libraries: keys

-- Splits a member, as keys.lua describes it, into its peer and its state. Both are JSON.
local function peer_of(member)
  local _, last, bytes = string.find(member, '^%d+ (%d+) ')
  return string.sub(member, last + 1, last + tonumber(bytes)), string.sub(member, last + tonumber(bytes) + 1)
end

-- A room's members in order of joining, each as {peer, state}. This sorts numbers, because sorting with a compare
-- function is slower.
local function members(room)
  local joins, by_join = {}, {}
  for i, member in ipairs(redis.call('HVALS', room_key(room))) do
    local join = tonumber(string.match(member, '^%d+'))
    joins[i] = join
    by_join[join] = { peer_of(member) }
  end
  table.sort(joins)
  for i, join in ipairs(joins) do joins[i] = by_join[join] end
  return joins
end

-- A room as scripts return it: {id, peer, state, peer, state, …}. `present`: its members, if the caller has read them.
local function room_reply(room, present)
  local reply = { room }
  for _, member in ipairs(present or members(room)) do
    reply[#reply + 1] = member[1]
    reply[#reply + 1] = member[2]
  end
  return reply
end

-- A room as scripts return it without its members: {id}.
local function room_id(room) return { room } end

-- A peer's rooms in order of joining: {{room, id of the join as a string}, …}.
local function rooms_of(peer)
  local flat = redis.call('HGETALL', session_rooms_key(peer))
  local rooms = {}
  for i = 1, #flat, 2 do rooms[#rooms + 1] = { flat[i], flat[i + 1] } end
  table.sort(rooms, function(a, b) return tonumber(a[2]) < tonumber(b[2]) end)
  return rooms
end

-- Adds `by` to the number of a room's members whose streams a node holds.
local function count_member(room, node, by)
  local count = redis.call('HINCRBY', room_nodes_key(room), node, by)
  if count <= 0 then redis.call('HDEL', room_nodes_key(room), node) end
  if count == 1 then keep(room_nodes_key(room)) end
end

local function peers_bytes(room) return tonumber(redis.call('HGET', room_meta_key(room), 'peers_bytes') or '0') end

-- The size of the members of rooms, as `rooms_of` returns them, in bytes.
local function bytes_of(rooms)
  local bytes = 0
  for _, joined in ipairs(rooms) do bytes = bytes + peers_bytes(joined[1]) end
  return bytes
end

-- Whether rooms whose members have this size are too large for one answer.
local function too_large(bytes) return bytes > 2 * max_room_bytes end

-- The size of a member as JSON, in bytes: its peer, its state, and the names of both.
local function member_bytes(peer, state) return #peer + #state + #'{"peer":,"state":}' end

-- The size of a room's members in bytes, with a member of `size` bytes in place of the peer's earlier one; `earlier` is
-- nil or false if it has none. Nil if the room does not take it, because the member grows, is larger than an equal
-- share, and makes the room too large. So no large member can keep others out.
local function bytes_with(room, earlier, size)
  local was = earlier and member_bytes(peer_of(earlier)) or 0
  local bytes = math.max(peers_bytes(room) + size - was, size)
  if size > was and size > peer_share and bytes > max_room_bytes then return nil end
  return bytes
end

-- Adds a member to a room, or replaces the peer's earlier one. `profile` and `state` are JSON; `bytes` is what
-- `bytes_with` returned.
local function store_member(room, peer, join, profile, state, bytes)
  redis.call('HSET', room_key(room), peer, join .. ' ' .. #profile .. ' ' .. profile .. state)
  redis.call('HSET', room_meta_key(room), 'peers_bytes', bytes)
end

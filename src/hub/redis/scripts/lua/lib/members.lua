-- Members: the peers in each room, and the rooms of each peer.
--
-- Libraries: keys

-- A member, as keys.lua describes it.
local function to_member(join, profile, state) return join .. ' ' .. profile .. '\n' .. state end

-- The peer and the state of a member, both as JSON.
local function peer_of(member)
  local space, line_end = string.find(member, ' ', 1, true), string.find(member, '\n', 1, true)
  return string.sub(member, space + 1, line_end - 1), string.sub(member, line_end + 1)
end

-- A room as scripts return it: {id, its members}. The members are text, as the room's hash has them, with line feeds in
-- between. The node puts them in order. `present`: the text, if the caller has it.
local function room_reply(room, present)
  return { room, present or table.concat(redis.call('HVALS', room_key(room)), '\n') }
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
  redis.call('HSET', room_key(room), peer, to_member(join, profile, state))
  redis.call('HSET', room_meta_key(room), 'peers_bytes', bytes)
end

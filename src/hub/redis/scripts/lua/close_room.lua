-- Puts all members out of a room, for a moderator. Each gets one `PeerRemoved(CLOSED)`, about itself. So this tells as
-- many peers as the room has, and not the square of that (G16).
--
-- Libraries: keys, ids, calls, logs, leaving, passes
--
-- ARGV[1]  the moderator
-- ARGV[2]  its pass (passes.lua)
-- ARGV[3]  the room
--
-- Reply: {the id of the last entry, '0' if nobody was in the room; how many peers were in it}.
-- Errors: FORBIDDEN if the moderator was put out of the room. UNAVAILABLE if the call is late (calls.lua).

local pass, room = cjson.decode(ARGV[2]), ARGV[3]
if is_late() then return redis.error_reply('UNAVAILABLE') end
if is_put_out(room, ARGV[1], pass) then return redis.error_reply('FORBIDDEN') end

local flat = redis.call('HGETALL', room_key(room))
local count = #flat / 2
if count == 0 then return { '0', 0 } end
local first = allocate(count)
for i = 1, count do
  local peer, member = flat[2 * i - 1], flat[2 * i]
  local join = redis.call('HGET', session_rooms_key(peer), room)
  if join then
    remember_past(peer, room, join, marked_for(peer, room_meta_key(room), 'last'))
    redis.call('HDEL', session_rooms_key(peer), room)
    local at = redis.call('HMGET', session_key(peer), 'node', 'stream')
    tell_removed(peer, room, first + i - 1, member, at[1], at[2], 'CLOSED')
  end
end
redis.call('DEL', room_key(room), room_nodes_key(room))
-- Its log stays for the retention time: a member may still resume from before.
redis.call('HDEL', room_meta_key(room), 'peers_bytes')
redis.call('ZADD', expiring_key, now_ms(), room_meta_key(room))
return { decimal(newest), count }

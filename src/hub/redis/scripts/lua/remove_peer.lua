-- Puts a peer out of a room, for a moderator. The others and the peer itself get `PeerRemoved(KICKED)`. For some time the
-- peer may not come back with the same token (G16).
--
-- Libraries: keys, ids, calls, leaving, passes
--
-- ARGV[1]  the moderator
-- ARGV[2]  its pass (passes.lua)
-- ARGV[3]  the room
-- ARGV[4]  the peer to put out
--
-- Reply: {the id of the removal, '0' if the peer was not in the room; how many peers are told}.
-- Errors: FORBIDDEN if the moderator was put out of the room. UNAVAILABLE if the call is late (calls.lua).

local pass, room, peer = cjson.decode(ARGV[2]), ARGV[3], ARGV[4]
if is_late() then return redis.error_reply('UNAVAILABLE') end
if is_put_out(room, ARGV[1], pass) then return redis.error_reply('FORBIDDEN') end

local member = redis.call('HGET', room_key(room), peer)
local join = redis.call('HGET', session_rooms_key(peer), room)
if not member or not join then return { '0', 0 } end
local at = redis.call('HMGET', session_key(peer), 'node', 'stream', 'pass')
local id = leave_room(peer, room, join, at[1], 'KICKED')
tell_removed(peer, room, id, member, at[1], at[2], 'KICKED')
note_removal(room, peer, at[3])
return { decimal(id), redis.call('HLEN', room_key(room)) + 1 }

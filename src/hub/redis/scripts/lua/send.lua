-- Sends a moderator's signal to one member of a room, or to all. The moderator need not be a member, and needs no session
-- (G16). If it has sent a message with the same key, this sends nothing, and replies with the first receipt (G14).
--
-- Libraries: keys, ids, calls, logs, sending, members, receipts, passes
--
-- ARGV[1]  the moderator
-- ARGV[2]  the moderator, as JSON
-- ARGV[3]  its pass (passes.lua)
-- ARGV[4]  the room
-- ARGV[5]  the receiver; empty: all members
-- ARGV[6]  the signal without its peer and its data, as JSON
-- ARGV[7]  the data, as JSON
-- ARGV[8]  the message's key; empty: none
--
-- Reply: {the signal's id; 0 if there are receivers and none of them has a stream, else 1; the number of receivers, 0
-- if nothing was sent}.
-- Errors: FORBIDDEN if the moderator was put out of the room, PEER_NOT_IN_ROOM. UNAVAILABLE if the call is late
-- (calls.lua).

local peer, profile, pass, room = ARGV[1], ARGV[2], cjson.decode(ARGV[3]), ARGV[4]
local to, signal, data, message_key = ARGV[5], ARGV[6], ARGV[7], ARGV[8]
if is_late() then return redis.error_reply('UNAVAILABLE') end
if is_put_out(room, peer, pass) then return redis.error_reply('FORBIDDEN') end

local has_session = redis.call('EXISTS', session_key(peer)) == 1
local earlier = earlier_receipt(peer, message_key)
if earlier and not has_session and tonumber(earlier[1]) < now_us() - grace_ms * 1000 then
  -- The keys of a session end with it. Without one, they are forgotten after the grace period.
  redis.call('ZREM', session_receipts_key(peer), '0 ' .. message_key, '1 ' .. message_key)
  earlier = nil
end
if earlier then return earlier end

local member = redis.call('HGET', room_key(room), peer)
local entry = to_entry(signal, member and peer_of(member) or profile, data)
if to == '' then
  local id = allocate(1)
  local others, connected = send_to_others(room, id, entry, peer, member)
  return make_receipt(peer, message_key, id, connected and 1 or 0, others)
end

if redis.call('HEXISTS', room_key(room), to) == 0 then return redis.error_reply('PEER_NOT_IN_ROOM') end
local id = allocate(1)
local delivered = send_to_peer(to, id, entry)
send_unsent()
return make_receipt(peer, message_key, id, delivered and 1 or 0, 1)

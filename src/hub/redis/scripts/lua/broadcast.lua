-- Sends a signal to all others in a room. If the session has sent a message with the same key, this sends nothing, and
-- replies with the first receipt (G14).
--
-- Libraries: keys, ids, calls, logs, sending, members, receipts
--
-- ARGV[1]  the sender
-- ARGV[2]  the room
-- ARGV[3]  the signal without its peer and its data, as JSON
-- ARGV[4]  the data, as JSON
-- ARGV[5]  the message's key; empty: none
--
-- Reply: {the signal's id; 0 if there are receivers and none of them has a stream, else 1; the number of receivers, 0
-- if nothing was sent}.
-- Errors: NOT_CONNECTED, NOT_IN_ROOM. UNAVAILABLE if the call is late (calls.lua).

local peer, room, signal, data, message_key = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
if is_late() then return redis.error_reply('UNAVAILABLE') end
local earlier = earlier_receipt(peer, message_key)
if earlier then return earlier end
local member = redis.call('HGET', room_key(room), peer)
if not member then
  local connected = redis.call('EXISTS', session_key(peer)) == 1
  return redis.error_reply(connected and 'NOT_IN_ROOM' or 'NOT_CONNECTED')
end

local id = allocate(1)
local others, connected = send_to_others(room, id, to_entry(signal, (peer_of(member)), data), peer, true)
return make_receipt(peer, message_key, id, connected and 1 or 0, others)

-- Sends a signal to one peer, in a room that both are in (G6). If the session has sent a message with the same key,
-- this sends nothing, and replies with the first receipt (G14).
--
-- Libraries: keys, ids, calls, logs, sending, members, receipts
--
-- ARGV[1]  the sender
-- ARGV[2]  the room
-- ARGV[3]  the receiver
-- ARGV[4]  the signal without its peer and its data, as JSON
-- ARGV[5]  the data, as JSON
-- ARGV[6]  the message's key; empty: none
--
-- Reply: {the signal's id; 1 if the receiver has a stream, else 0; the number of receivers, 0 if nothing was sent}.
-- Errors: NOT_CONNECTED, NOT_IN_ROOM, PEER_NOT_IN_ROOM. UNAVAILABLE if the call is late (calls.lua).

local peer, room, to, signal, data, message_key = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
if is_late() then return redis.error_reply('UNAVAILABLE') end
local earlier = earlier_receipt(peer, message_key)
if earlier then return earlier end
local both = redis.call('HMGET', room_key(room), peer, to)
if not both[1] then
  local connected = redis.call('EXISTS', session_key(peer)) == 1
  return redis.error_reply(connected and 'NOT_IN_ROOM' or 'NOT_CONNECTED')
end
if not both[2] then return redis.error_reply('PEER_NOT_IN_ROOM') end

local id = allocate(1)
local delivered = send_to_peer(to, id, to_entry(signal, (peer_of(both[1])), data))
return make_receipt(peer, message_key, id, delivered and 1 or 0, 1)

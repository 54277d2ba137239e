-- Sends signals, each to one peer, in a room with both the sender and that peer (G6). If the session has sent a message
-- with the same key, that signal is not sent, and its reply is the first receipt (G14).
--
-- Libraries: ids, calls, keys, logs, sending, members, receipts
--
-- ARGV[1]  the sender
-- ARGV[2]  the room
-- ARGV[3]  the receiver
-- ARGV[4]  the signal without its peer and its data, as JSON
-- ARGV[5]  the data, as JSON
-- ARGV[6]  the message's key; empty: none
-- ARGV[7]  the sender of the next signal; and so on
--
-- Reply: for each signal, {its id; 1 if the receiver has a stream, else 0; the number of receivers, 0 if nothing was
-- sent}, or its error as text: NOT_CONNECTED, NOT_IN_ROOM or PEER_NOT_IN_ROOM.
-- Errors: UNAVAILABLE if the call is late (calls.lua). Then no signal is sent.

if is_late() then return redis.error_reply('UNAVAILABLE') end

local function relay(id, peer, room, to, signal, data, message_key)
  local earlier = earlier_receipt(peer, message_key)
  if earlier then return earlier end
  local both = redis.call('HMGET', room_key(room), peer, to)
  if not both[1] then
    local connected = redis.call('EXISTS', session_key(peer)) == 1
    return connected and 'NOT_IN_ROOM' or 'NOT_CONNECTED'
  end
  if not both[2] then return 'PEER_NOT_IN_ROOM' end

  local delivered = send_to_peer(to, id, to_entry(signal, (peer_of(both[1])), data))
  return make_receipt(peer, message_key, id, delivered and 1 or 0, 1)
end

-- Each signal gets an id, even if it is not sent.
local first, replies = allocate(own_arguments / 6), {}
for i = 1, own_arguments, 6 do
  replies[#replies + 1] = relay(first + #replies, unpack(ARGV, i, i + 5))
end
send_unsent()
return replies

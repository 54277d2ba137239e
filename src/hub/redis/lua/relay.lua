-- Sends a signal to one peer in a room that both are in (G6).
--
-- ARGV[7]  peer, the sender
-- ARGV[8]  room
-- ARGV[9]  to, the receiver
-- ARGV[10]  event, as JSON
-- ARGV[11]  data, as JSON
--
-- Returns {id, 1 where the receiver is connected, else 0}.
-- Errors: NOT_CONNECTED, NOT_IN_ROOM, PEER_NOT_IN_ROOM.

local peer, room, to, event, data = ARGV[7], ARGV[8], ARGV[9], ARGV[10], ARGV[11]
local both = redis.call('HMGET', key.room(room), peer, to)
if not both[1] then
  local connected = redis.call('EXISTS', key.session(peer)) == 1
  return redis.error_reply(connected and 'NOT_IN_ROOM' or 'NOT_CONNECTED')
end
if not both[2] then return redis.error_reply('PEER_NOT_IN_ROOM') end

local id = allocate(1)
local delivered = send_to_peer(to, id, '{"type":"Signal","roomId":' .. cjson.encode(room) .. ',"peer":'
  .. peer_json(both[1]) .. ',"event":' .. event .. ',"data":' .. data .. '}')
return { decimal(id), delivered and 1 or 0 }

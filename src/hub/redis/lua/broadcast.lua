-- Sends a signal to everyone else in a room.
--
-- ARGV[7]  peer, the sender
-- ARGV[8]  room
-- ARGV[9]  event, as JSON
-- ARGV[10]  data, as JSON
--
-- Returns {id, 0 where there are receivers and none of them is connected, else 1}.
-- Errors: NOT_CONNECTED, NOT_IN_ROOM.

local peer, room, event, data = ARGV[7], ARGV[8], ARGV[9], ARGV[10]
local sender = redis.call('HGET', key.room(room), peer)
if not sender then
  local connected = redis.call('EXISTS', key.session(peer)) == 1
  return redis.error_reply(connected and 'NOT_IN_ROOM' or 'NOT_CONNECTED')
end

local id = allocate(1)
local others = redis.call('HLEN', key.room(room)) - 1
if others == 0 then return { decimal(id), 1 } end

send_to_room(room, id, '{"type":"Signal","roomId":' .. cjson.encode(room) .. ',"peer":' .. peer_json(sender)
  .. ',"event":' .. event .. ',"data":' .. data .. '}', peer)
local connected = redis.call('HEXISTS', key.session(peer), 'node') == 1 and -1 or 0
for _, count in ipairs(redis.call('HVALS', key.room_nodes(room))) do connected = connected + tonumber(count) end
return { decimal(id), connected > 0 and 1 or 0 }

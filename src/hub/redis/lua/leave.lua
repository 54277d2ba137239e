-- Takes a peer out of a room; the others hear of it at once (G4).
--
-- ARGV[7]  peer
-- ARGV[8]  room
--
-- Returns the id of what it wrote, or 0 where the peer was not in the room (G7). Error: NOT_CONNECTED.

local peer, room = ARGV[7], ARGV[8]
local session = key.session(peer)
local at = redis.call('HMGET', session, 'start', 'node', 'stream')
if not at[1] then return redis.error_reply('NOT_CONNECTED') end
local join = redis.call('HGET', key.session_rooms(peer), room)
if not join then return '0' end

local upto = marked_for(peer, key.room_meta(room), 'last')
local id = remove_member(peer, room, at[2], 'LEFT')
if at[2] then
  dispatch(at[2], 'left', ',"stream":' .. cjson.encode(at[3]) .. ',"room":' .. cjson.encode(room))
end

-- What the room said before this is still the peer's to get. Beyond the oldest that is remembered
-- of such rooms, a resume is refused.
local past = key.session_past(peer)
if upto and tonumber(upto) > tonumber(join) then
  redis.call('ZADD', past, upto, join .. ' ' .. room)
  if redis.call('ZCARD', past) > max_past then
    local oldest = tonumber(redis.call('ZPOPMIN', past)[2])
    local trimmed = tonumber(marked_for(peer, session, 'trimmed') or '0')
    mark(session, 'trimmed', decimal(math.max(trimmed, oldest)), '')
  end
end
return decimal(id)

-- Takes a peer out of a room, and tells the others at once (G4).
--
-- Libraries: keys, ids, calls, logs, dispatch, sessions
--
-- ARGV[1]  the peer
-- ARGV[2]  the room
--
-- Reply: the id of the leave, or '0' if the peer was not in the room (G7).
-- Errors: NOT_CONNECTED. UNAVAILABLE if the call is late (calls.lua).

local peer, room = ARGV[1], ARGV[2]
if is_late() then return redis.error_reply('UNAVAILABLE') end
-- How many left rooms a session remembers, for a resume from before it left them.
local max_past = 64

local session = session_key(peer)
local at = redis.call('HMGET', session, 'start', 'node', 'stream')
if not at[1] then return redis.error_reply('NOT_CONNECTED') end
local join = redis.call('HGET', session_rooms_key(peer), room)
if not join then return '0' end

local upto = marked_for(peer, room_meta_key(room), 'last')
local id = remove_member(peer, room, at[2], 'LEFT')
if at[2] then
  dispatch(at[2], 'left', ',"stream":' .. cjson.encode(at[3]) .. ',"room":' .. cjson.encode(room))
end

-- The room's entries from before the leave are still for the peer. When the session forgets the oldest such room, a
-- resume from before that room's last entry is refused.
local past = session_past_key(peer)
if upto and tonumber(upto) > tonumber(join) then
  redis.call('ZADD', past, upto, join .. ' ' .. room)
  keep(past)
  if redis.call('ZCARD', past) > max_past then
    local oldest = tonumber(redis.call('ZPOPMIN', past)[2])
    local trimmed = read_marks(session, 'trimmed')
    store_marks(session, 'trimmed', marked(trimmed, decimal(math.max(tonumber(trimmed[1] or '0'), oldest)), ''))
  end
end
return decimal(id)

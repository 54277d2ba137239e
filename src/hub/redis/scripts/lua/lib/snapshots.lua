-- Snapshots: the entries that a stream has missed, and the state of its session from which the node goes on.
--
-- Libraries: keys, ids, logs

-- A resume brings at most this many times the bounds of one log.
local max_resume_factor = 4

-- The entries that a session missed after a cursor, as a list of logs: its inbox, its rooms (as `rooms_of` returns
-- them), and the rooms that it has left since. Nil if some of the entries are gone, or are too many for one answer. Also
-- returns whether the cursor is known: it is `start`, with which the session began, or one of these logs has its entry.
local function missed(peer, rooms, start, after)
  local logs = {}
  local entries, bytes = 0, 0
  local known = tonumber(after) == tonumber(start)
  local function add(log, fields, from, upto)
    local items, has = read(peer, log, fields, from, upto)
    if not items then return false end
    known = known or has and from == after
    for _, item in ipairs(items) do
      local last, text, _, n = contents(item)
      -- The first item may begin before the cursor.
      local news = math.min(n, last - tonumber(from))
      entries = entries + news
      bytes = bytes + #text * news / n
    end
    logs[#logs + 1] = items
    return entries <= max_entries * max_resume_factor and bytes <= max_bytes * max_resume_factor
  end
  local function later(id) return tonumber(id) > tonumber(after) and id or after end

  if not add(inbox_key(peer), session_key(peer), after, '+') then return nil, known end
  for _, joined in ipairs(rooms) do
    local room = joined[1]
    if not add(room_log_key(room), room_meta_key(room), later(joined[2]), '+') then return nil, known end
  end
  local past = redis.call('ZRANGEBYSCORE', session_past_key(peer), after, '+inf', 'WITHSCORES')
  for i = 1, #past, 2 do
    local join, room = string.match(past[i], '^(%d+) (.*)$')
    local upto = decimal(tonumber(past[i + 1]))
    if tonumber(upto) == tonumber(after) then
      known = true
    else
      if not add(room_log_key(room), room_meta_key(room), later(join), upto) then return nil, known end
      -- If the room has expired, so have its log's fields. Then the last entry for the peer is not in the log.
      local items = logs[#logs]
      if #items == 0 or items[#items][1] ~= upto .. '-0' then return nil, known end
    end
  end
  return logs, known
end

-- A snapshot: {n, rooms, logs}. It includes every dispatch to the node up to number `n`. `describe` turns a room's id
-- into the room as the script returns it.
local function snapshot(node, rooms, logs, describe)
  local described = {}
  for i, joined in ipairs(rooms) do described[i] = describe(joined[1]) end
  return { tonumber(redis.call('HGET', node_key(node), 'n') or '0'), described, logs }
end

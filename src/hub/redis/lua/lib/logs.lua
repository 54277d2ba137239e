-- Logs: the inbox of a peer, and what a room says to all its members. An entry of a room is by the peer
-- that it is about, who is not told it; an entry of an inbox is by nobody (''), as all are for its owner.
-- Entries of one batch, which have ids in a row, are one item: {'e', their JSON, with commas in between, 'by', peer,
-- 'n', how many}, under the id of the first.
--
-- Beside a log stand its fields: entries and bytes, how many and how much JSON is in it; last, the id of its newest
-- entry, which outlives it; trimmed, the newest id that it had to let go. Of the latter two it is also known who each
-- is by (_by), and which is the newest by anyone else (_other): so it can be told, of each peer, what is gone for it.

-- So many items are looked at in one go when a log is trimmed.
local trim_step = 32

-- Keeps `id` as the value of a field, and who it is by.
local function mark(fields, name, id, by)
  local was = redis.call('HMGET', fields, name, name .. '_by')
  if was[1] and was[2] ~= by then redis.call('HSET', fields, name .. '_other', was[1]) end
  redis.call('HSET', fields, name, id, name .. '_by', by)
end

-- The id that a field has for a peer, which is not told what is by itself. Nil where there is none.
local function marked_for(peer, fields, name)
  local at = redis.call('HMGET', fields, name, name .. '_by', name .. '_other')
  if at[2] == peer then return at[3] or nil end
  return at[1] or nil
end

-- What an item holds: the id of its last entry, their JSON, who they are by, and how many there are.
local function contents(item)
  local json, by, n = item[2][2], item[2][4], tonumber(item[2][6])
  return tonumber(string.match(item[1], '^%d+')) + n - 1, json, by, n
end

-- Lets go of the oldest items: while a log is over its bounds, and what is kept no longer. What it lets go
-- is on record (G3). Returns how many entries and bytes are left.
local function trim(log, fields, entries, bytes)
  local oldest_kept = now_us() - retention_ms * 1000
  repeat
    local items = redis.call('XRANGE', log, '-', '+', 'COUNT', trim_step)
    for _, item in ipairs(items) do
      local last, json, by, n = contents(item)
      if entries <= max_entries and bytes <= max_bytes and last >= oldest_kept then return entries, bytes end
      redis.call('XDEL', log, item[1])
      mark(fields, 'trimmed', decimal(last), by)
      entries = entries - n
      bytes = bytes - #json
    end
  until #items < trim_step
  return entries, bytes
end

-- A log that has expired has lost all it had.
local function record_expiry(fields)
  local last = redis.call('HMGET', fields, 'last', 'last_by', 'last_other')
  if not last[1] then return end
  redis.call('HSET', fields, 'trimmed', last[1], 'trimmed_by', last[2])
  if last[3] then redis.call('HSET', fields, 'trimmed_other', last[3]) end
end

-- Appends a batch of `n` entries, all by the same peer. It is taken whole: only what is older is trimmed, so that
-- the entries of one join stay together.
local function append(log, fields, first, json, by, n)
  local length, entries, bytes = redis.call('XLEN', log), 0, 0
  if length == 0 then
    record_expiry(fields)
  else
    local held = redis.call('HMGET', fields, 'entries', 'bytes')
    -- Without its fields, Redis has thrown something away.
    entries, bytes = tonumber(held[1] or length), tonumber(held[2] or '0')
  end
  -- A log in which something is always said never expires, so now and then it is looked at what is too old.
  if entries > max_entries or bytes > max_bytes or length % trim_step == 0 then
    entries, bytes = trim(log, fields, entries, bytes)
  end
  redis.call('XADD', log, decimal(first) .. '-0', 'e', json, 'by', by, 'n', n)
  redis.call('HSET', fields, 'entries', entries + n, 'bytes', bytes + #json)
  mark(fields, 'last', decimal(first + n - 1), by)
  redis.call('PEXPIRE', log, retention_ms)
end

-- The items in which a log has something for a peer after one id, up to and including another: the peer's own are
-- among them, and the first may begin earlier. Nil where some of it is gone.
local function read(peer, log, fields, after, upto)
  local gone = marked_for(peer, fields, redis.call('EXISTS', log) == 1 and 'trimmed' or 'last')
  if gone and tonumber(gone) > tonumber(after) then return nil end
  local items = redis.call('XRANGE', log, '(' .. after .. '-0', upto)
  local before = redis.call('XREVRANGE', log, after, '-', 'COUNT', 1)[1]
  if before and contents(before) > tonumber(after) then table.insert(items, 1, before) end
  return items
end

-- Logs: the inbox of a peer, and what a room says to all its members. An entry of a room is by the peer
-- that it is about, who is not told it; an entry of an inbox is by nobody (''), as all are for its owner.
--
-- Beside a log stand its fields: bytes, of JSON in it; last, the id of its newest entry, which outlives it;
-- trimmed, the newest id that it had to let go. Of the latter two it is also known who each is by (_by), and
-- which is the newest by anyone else (_other): so it can be told, of each peer, what is gone for it.

-- So many entries are looked at in one go when a log is trimmed.
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

-- Lets go of the oldest entries: while a log is over its bounds, and what is kept no longer. What it lets go
-- is on record (G3). Returns the bytes that are left.
local function trim(log, fields, length, bytes)
  local oldest_kept = now_us() - retention_ms * 1000
  while length > 0 do
    for _, item in ipairs(redis.call('XRANGE', log, '-', '+', 'COUNT', trim_step)) do
      local id = string.match(item[1], '^%d+')
      if length <= max_entries and bytes <= max_bytes and tonumber(id) >= oldest_kept then return bytes end
      redis.call('XDEL', log, item[1])
      mark(fields, 'trimmed', id, item[2][4])
      bytes = bytes - #item[2][2]
      length = length - 1
    end
  end
  return bytes
end

-- A log that has expired has lost all it had.
local function record_expiry(fields)
  local last = redis.call('HMGET', fields, 'last', 'last_by', 'last_other')
  if not last[1] then return end
  redis.call('HSET', fields, 'trimmed', last[1], 'trimmed_by', last[2])
  if last[3] then redis.call('HSET', fields, 'trimmed_other', last[3]) end
end

-- Appends a batch of entries with ids in a row, all by the same peer. The batch is taken whole: only what
-- is older is trimmed, so that the entries of one join stay together.
local function append(log, fields, first, entries, by)
  local length = redis.call('XLEN', log)
  local bytes = length > 0 and tonumber(redis.call('HGET', fields, 'bytes')) or 0
  if length == 0 then record_expiry(fields) end
  -- A log in which something is always said never expires, so now and then it is looked at what is too old.
  if length > max_entries or bytes > max_bytes or length % trim_step == 0 then
    bytes = trim(log, fields, length, bytes)
  end
  for i, entry in ipairs(entries) do
    redis.call('XADD', log, decimal(first + i - 1) .. '-0', 'e', entry, 'by', by)
    bytes = bytes + #entry
  end
  redis.call('HSET', fields, 'bytes', bytes)
  mark(fields, 'last', decimal(first + #entries - 1), by)
  redis.call('PEXPIRE', log, retention_ms)
end

-- What a log has for a peer after one id, up to and including another: {{id, {'e', entry, 'by', peer}}, …},
-- its own among it. Nil where some of it is gone.
local function read(peer, log, fields, after, upto)
  local gone = marked_for(peer, fields, redis.call('EXISTS', log) == 1 and 'trimmed' or 'last')
  if gone and tonumber(gone) > tonumber(after) then return nil end
  return redis.call('XRANGE', log, '(' .. after .. '-0', upto)
end

-- Logs: the inbox of each peer, and the log of each room. A resume reads what its peer missed from them.
--
-- Libraries: keys, ids
--
-- A log is a Redis stream. An item of it is a batch of entries with consecutive ids. The id of the item is the id of
-- its first entry. Its fields:
--   e   the entries, as lines. The first line has the fields that all of them share, as JSON. Then each entry has two
--       lines: its peer as JSON, and its `data` or `state` as the JSON text that came. If the id of a join and a space are
--       in front of each peer, the entries are in the order of these ids.
--   by  the author of the entries: the peer that they are about or from, which does not receive them; empty in an
--       inbox, whose owner receives all of them
--   n   the number of entries
--
-- A hash beside the log has these fields (the session's hash, or the room's `room-meta`):
--   entries  the number of entries in the log
--   bytes    their size as text
--   last     the id of the newest entry; it stays when the log is deleted
--   trimmed  the id of the newest entry that was dropped
-- `last` and `trimmed` also have their author (`_by`), and the newest id by someone else (`_other`). So the log can
-- tell whether entries are gone that were for a given peer: a peer's own entries are no loss to it.
--
-- Scripts append JSON text as it came. Decoding and encoding it would not give back the same text (G12).

-- A batch of one entry as text.
local function to_entry(fields, profile, payload) return fields .. '\n' .. profile .. '\n' .. payload end

-- What the fields `<name>`, `<name>_by` and `<name>_other` become with a later id: {id, author, newest id by another}.
-- `was`: what they were.
local function marked(was, id, by)
  if was[1] and was[2] ~= by then return { id, by, was[1] } end
  return { id, by, was[3] }
end

local function read_marks(fields, name) return redis.call('HMGET', fields, name, name .. '_by', name .. '_other') end

local function store_marks(fields, name, marks)
  redis.call('HSET', fields, name, marks[1], name .. '_by', marks[2] or '')
  if marks[3] then redis.call('HSET', fields, name .. '_other', marks[3]) end
end

-- The newest id in a field that is not by the peer itself. Nil if there is none.
local function marked_for(peer, fields, name)
  local marks = read_marks(fields, name)
  if marks[2] == peer then return marks[3] or nil end
  return marks[1] or nil
end

-- An item's contents: the id of its last entry, the entries as text, their author, their number.
local function contents(item)
  local text, by, n = item[2][2], item[2][4], tonumber(item[2][6])
  return tonumber(string.match(item[1], '^%d+')) + n - 1, text, by, n
end

-- An item as it is read from a log.
local function to_item(first, text, by, n) return { decimal(first) .. '-0', { 'e', text, 'by', by, 'n', decimal(n) } } end

-- Drops the oldest items while the log exceeds its bounds, and items past the retention time, but never the `newest`.
-- Records what it drops (G3). Returns the number of entries before the newest item that are left, and their bytes.
local function trim(log, fields, newest_item, entries, bytes)
  local oldest_kept = tonumber(redis.call('HGET', primary_key, 'oldest_kept') or '0')
  local marks, kept, from, count = nil, nil, '-', 1
  while not kept do
    -- As a rule the oldest item stays. So this reads one, then two, then four.
    local items = redis.call('XRANGE', log, from, '+', 'COUNT', count)
    for _, item in ipairs(items) do
      local last, text, by, n = contents(item)
      local fits = entries <= max_entries and bytes <= max_bytes and last >= oldest_kept
      if fits or item[1] == newest_item then
        kept = item[1]
        break
      end
      marks = marked(marks or read_marks(fields, 'trimmed'), decimal(last), by)
      entries = entries - n
      bytes = bytes - #text
      from = '(' .. item[1]
    end
    count = count * 2
  end
  if marks then
    redis.call('XTRIM', log, 'MINID', kept)
    store_marks(fields, 'trimmed', marks)
  end
  return entries, bytes
end

-- Appends a batch of `n` entries by one author. Only older entries are trimmed, so the entries of one join stay
-- together. `held`: the fields `entries`, `bytes`, `last` and `last_by`.
local function append(log, fields, held, first, text, by, n)
  local item, entries, bytes = decimal(first) .. '-0', 0, 0
  if redis.call('XADD', log, 'NOMKSTREAM', item, 'e', text, 'by', by, 'n', n) then
    -- The fields are absent if Redis has evicted their hash.
    entries, bytes = tonumber(held[1] or redis.call('XLEN', log) - 1), tonumber(held[2] or '0')
    -- A busy log is never deleted, so entries past the retention time are dropped now and then.
    if bytes > max_bytes or entries % trim_step + n >= trim_step then
      entries, bytes = trim(log, fields, item, entries, bytes)
    end
  else
    -- The log is new, or it was deleted or has expired: then all its entries are gone.
    if held[3] then store_marks(fields, 'trimmed', read_marks(fields, 'last')) end
    redis.call('XADD', log, item, 'e', text, 'by', by, 'n', n)
    redis.call('ZADD', expiring_key, now_ms(), log)
    keep(log)
  end
  -- One command for all fields. `last` and its author change as in `marked`. An inbox has no authors.
  local changed = { 'entries', entries + n, 'bytes', bytes + #text, 'last', decimal(first + n - 1) }
  if by ~= '' and held[4] ~= by then
    changed[7], changed[8] = 'last_by', by
    if held[3] then changed[9], changed[10] = 'last_other', held[3] end
  end
  redis.call('HSET', fields, unpack(changed))
end

-- The id of the newest entry that is gone and was for a peer; 0: none.
local function newest_gone(peer, log, fields)
  local trimmed = tonumber(marked_for(peer, fields, 'trimmed') or '0')
  if redis.call('EXISTS', log) == 1 then return trimmed end
  return math.max(trimmed, tonumber(marked_for(peer, fields, 'last') or '0'))
end

-- The items with entries after one id, up to and including another. They include the peer's own, and the first item may
-- begin before the id. Nil if some of the entries for the peer are gone. Also returns whether the id is that of an entry
-- of this log, or of the newest that is gone.
local function read(peer, log, fields, after, upto)
  local id = tonumber(after)
  -- As a rule no entry is newer than the id, and no newer one is gone. The fields alone tell this.
  local marks = redis.call('HMGET', fields, 'last', 'trimmed')
  local last = tonumber(marks[1] or '')
  local trimmed = tonumber(marks[2] or '0')
  if last and last <= id and trimmed <= id then return {}, last == id or trimmed == id end
  local gone = newest_gone(peer, log, fields)
  if gone > id then return nil, false end
  local items = redis.call('XRANGE', log, '(' .. after .. '-0', upto)
  local before = redis.call('XREVRANGE', log, after, '-', 'COUNT', 1)[1]
  local last_before = before and contents(before) or 0
  if last_before > id then table.insert(items, 1, before) end
  return items, last_before >= id or gone == id
end

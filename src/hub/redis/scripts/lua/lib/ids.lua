-- Ids: the hub's clock, which gives the id of every entry and the first cursor of every session.

-- Ids and scores as text. Lua would write large numbers with an exponent. The last text is kept, because a script
-- writes the same id several times.
local written, written_as
local function decimal(number)
  if number ~= written then written, written_as = number, string.format('%.0f', number) end
  return written_as
end

-- The time at which the script first asked for it. A script is one moment.
local clock_us

local function now_us()
  if not clock_us then
    local time = redis.call('TIME')
    clock_us = tonumber(time[1]) * 1000000 + tonumber(time[2])
  end
  return clock_us
end

local function now_ms() return math.floor(now_us() / 1000) end

-- The key of the last id expires before the layout is forgotten: beat.lua takes ids without a layout for the data of an
-- earlier version.
local ids_ttl_ms = ttl_ms / 2

local function last_id() return tonumber(redis.call('GET', KEYS[1]) or '0') end

-- The newest id that this script gave; 0: it gave none.
local newest = 0

-- Gives `count` consecutive ids, and returns the first. Each is larger than all ids before it, also when Redis's clock
-- goes back. As a rule Redis's clock is ahead, so this reads the last id with the command that replaces it. Beats keep
-- the key.
local function allocate(count)
  local first = math.max(now_us(), newest + 1)
  newest = first + count - 1
  local last = redis.call('SET', KEYS[1], decimal(newest), 'KEEPTTL', 'GET')
  if not last then
    redis.call('PEXPIRE', KEYS[1], ids_ttl_ms)
  elseif tonumber(last) >= first then
    first = tonumber(last) + 1
    newest = first + count - 1
    redis.call('SET', KEYS[1], decimal(newest), 'KEEPTTL')
  end
  return first
end

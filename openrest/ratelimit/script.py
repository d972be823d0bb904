"""The strategies in Lua, for Redis and Valkey: one script, so one atomic step in the server."""

from __future__ import annotations

from typing import Final

__all__ = ["TAKE"]

#: KEYS are the counts. ARGV is the time, or "" for that of the server, then for each key: the
#: strategy, the quota, the window, the step and the cost. It gives the time, then for each key what
#: is left, for how long there is no more, and how long to wait.
#:
#: A key lasts a minute longer than what it says: what is over is told by its numbers.
TAKE: Final = """
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- Lua's own % and / round where numbers are large.
local function over(number, by)
  return (number - math.fmod(number, by)) / by
end

local function over_up(number, by)
  return over(number, by) + (math.fmod(number, by) > 0 and 1 or 0)
end

local function text(number)
  return string.format('%.0f', number)
end

local kinds = {}

kinds['fixed-window'] = {
  read = function(it)
    local found = redis.call('HMGET', it.key, 'end', 'used')
    it.till, it.used = tonumber(found[1]), tonumber(found[2])
    if not it.till or it.till <= now then it.till, it.used = nil, 0 end
  end,
  wait = function(it)
    if it.used + it.cost <= it.quota then return 0 end
    return it.till - now
  end,
  use = function(it)
    it.till, it.used = it.till or now + it.window, it.used + it.cost
    redis.call('HSET', it.key, 'end', text(it.till), 'used', text(it.used))
    return it.till
  end,
  left = function(it) return it.quota - it.used end,
  more = function(it) return it.till and it.till - now or 0 end,
}

kinds['moving-window'] = {
  read = function(it)
    local found = redis.call('HGETALL', it.key)
    it.times, it.at, it.gone, it.used = {}, {}, {}, 0
    for place = 1, #found, 2 do
      local till, used = tonumber(found[place]), tonumber(found[place + 1])
      if till <= now then
        table.insert(it.gone, found[place])
      else
        table.insert(it.times, till)
        it.at[till] = used
        it.used = it.used + used
      end
    end
    table.sort(it.times)
  end,
  wait = function(it)
    local needed = it.used + it.cost - it.quota
    if needed <= 0 then return 0 end
    for _, till in ipairs(it.times) do
      needed = needed - it.at[till]
      if needed <= 0 then return till - now end
    end
  end,
  use = function(it)
    local till = (over(now, it.step) + 1) * it.step - 1 + it.window
    local last = it.times[#it.times]
    if last and last >= till then
      till = last
    else
      table.insert(it.times, till)
      it.at[till] = 0
    end
    it.at[till], it.used = it.at[till] + it.cost, it.used + it.cost
    if #it.gone > 0 then redis.call('HDEL', it.key, unpack(it.gone)) end
    redis.call('HSET', it.key, text(till), text(it.at[till]))
    return till
  end,
  left = function(it) return it.quota - it.used end,
  more = function(it) return it.times[1] and it.times[1] - now or 0 end,
}

local function filled(it, wanted)
  if wanted <= it.level then return 0 end
  return over_up(wanted - it.level, it.quota) + it.time - now
end

kinds['token-bucket'] = {
  read = function(it)
    local found = redis.call('HMGET', it.key, 'level', 'at')
    local whole = it.quota * it.window
    it.level, it.time = tonumber(found[1]) or whole, tonumber(found[2]) or now
    local passed = math.min(math.max(0, now - it.time), it.window)
    it.level = it.level + passed * it.quota
    if it.level >= whole then it.level, it.time = whole, now end
    it.time = math.max(it.time, now)
  end,
  wait = function(it) return filled(it, it.cost * it.window) end,
  use = function(it)
    it.level = it.level - it.cost * it.window
    redis.call('HSET', it.key, 'level', text(it.level), 'at', text(it.time))
    return it.time + it.window
  end,
  left = function(it) return over(it.level, it.window) end,
  more = function(it)
    local left = over(it.level, it.window)
    return left < it.quota and filled(it, (left + 1) * it.window) or 0
  end,
}

local all, waits, full = {}, {}, false
for place, key in ipairs(KEYS) do
  local first = 2 + (place - 1) * 5
  local it = {
    key = key, kind = kinds[ARGV[first]], quota = tonumber(ARGV[first + 1]),
    window = tonumber(ARGV[first + 2]), step = tonumber(ARGV[first + 3]),
    cost = tonumber(ARGV[first + 4]),
  }
  it.kind.read(it)
  all[place], waits[place] = it, it.kind.wait(it)
  full = full or waits[place] > 0
end

local answer = {now}
for place, it in ipairs(all) do
  if not full and it.cost > 0 then
    local till = it.kind.use(it)
    redis.call('PEXPIRE', it.key, text(till - now + 60000))
  end
  table.insert(answer, it.kind.left(it))
  table.insert(answer, it.kind.more(it))
  table.insert(answer, waits[place])
end
return answer
"""

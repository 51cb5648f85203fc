-- SPDX-License-Identifier: GPL-2.0-only
-- Generates wrk's requests and prints its counts:
--   wrk ... -s wrk.lua URL -- [pipeline DEPTH | heads DEPTH | random FILES]
-- `pipeline` sends DEPTH requests at a time, `heads` the same with nearly 8 KiB of fields; `random`
-- replaces %d in the path by a random number below FILES for each request.

local function pipeline(depth)
   local batch = wrk.format():rep(depth)
   return function() return batch end
end

local function heads(depth)
   for number = 1, 60 do
      wrk.headers["X-" .. number] = ("x"):rep(120)
   end
   return pipeline(depth)
end

local function random(files)
   local requests, path = {}, wrk.path
   for number = 1, files do
      requests[number] = wrk.format(nil, path:format(number - 1))
   end
   math.randomseed(1)
   return function() return requests[math.random(files)] end
end

-- Returns the idle time of this machine's CPUs, in hundredths of a second.
local function idle()
   local stat = io.open("/proc/stat")
   local hundredths = stat:read():match("cpu +%d+ %d+ %d+ (%d+)")
   stat:close()
   return hundredths
end

-- wrk calls this once at the start.
function setup()
   idle_before = idle()
end

function init(args)
   local mode = { pipeline = pipeline, heads = heads, random = random }
   -- wrk calls a global `request` for every request; without one it repeats the same bytes, at less
   -- cost.
   if args[1] then
      request = mode[args[1]](tonumber(args[2]))
   end
end

function done(summary)
   local errors = summary.errors
   local result = {
      { "requests", summary.requests },
      { "microseconds", summary.duration },
      { "bytes", summary.bytes },
      { "idle", idle() - idle_before },
      { "status-errors", errors.status },
      { "socket-errors", errors.connect + errors.read + errors.write },
      { "timeouts", errors.timeout },
   }
   for _, line in ipairs(result) do
      print(("result %s %d"):format(line[1], line[2]))
   end
end

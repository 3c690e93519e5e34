-- Where one partition's windows stand. KEYS[1]: its mark; ARGV[1]: a mark (bytes 1-8: time, big-endian; 9-12: fingerprint of the
-- windows; 13-20: token). What stands there stays, unless it is of other windows or no mark: then a new life begins, named by
-- the token given, as of time 0. Answers the mark that stands, and which run of the server this is.
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
local held = redis.call('GET', KEYS[1])
if not held or #held ~= 20 or string.sub(held, 9, 12) ~= string.sub(ARGV[1], 9, 12) then
  held = string.rep('\0', 8) .. string.sub(ARGV[1], 9)
  redis.call('SET', KEYS[1], held)
end
return {held, run}

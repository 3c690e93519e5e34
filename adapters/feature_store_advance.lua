-- Move one partition's mark on. KEYS[1]: the mark; ARGV[1]: the new one; ARGV[2]: run of the server in which all that it promises was
-- written; ARGV[3]: ms that the mark must have reached. 0, and nothing is done, unless it is of the same windows and the same life
-- (bytes 9-20), has come so far, and the server has not been started since. It never goes back.
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
local held = redis.call('GET', KEYS[1])
if run ~= ARGV[2] or not held or #held ~= 20 or string.sub(held, 9) ~= string.sub(ARGV[1], 9)
   or struct.unpack('>I8', held) < tonumber(ARGV[3]) then
  return 0
end
if struct.unpack('>I8', held) < struct.unpack('>I8', ARGV[1]) then
  redis.call('SET', KEYS[1], ARGV[1])
end
return 1

-- Put a version back that the store has lost: all of it or nothing. `current` may rise, but is never moved back.
-- KEYS: blob, numbers, version, current. ARGV: number, digest, manifest.
-- Answers 1: put back, 0: it stood there already, -1: the blob is not there, -2: another digest has this number.
local number = ARGV[1]
local current = redis.call('HMGET', KEYS[4], 'number', 'digest')
local held = redis.call('HMGET', KEYS[3], 'digest', 'manifest')
if held[1] and held[1] ~= ARGV[2] or current[1] == number and current[2] ~= ARGV[2] then return -2 end
if redis.call('EXISTS', KEYS[1]) == 0 then return -1 end
local rises = tonumber(current[1] or '0') < tonumber(number)
if held[2] == ARGV[3] and redis.call('ZSCORE', KEYS[2], number) and not rises then return 0 end
redis.call('HSET', KEYS[3], 'digest', ARGV[2], 'manifest', ARGV[3])
redis.call('ZADD', KEYS[2], number, number)
if rises then redis.call('HSET', KEYS[4], 'number', number, 'digest', ARGV[2]) end
return 1

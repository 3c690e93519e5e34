-- Record a version and move `current` to it: all of it or nothing, and numbers only rise.
-- KEYS: blob, numbers, version, current. ARGV: number, digest, manifest.
-- Answers 1: done, 0: this number or a later one stands already, -1: the blob is not there.
local number = tonumber(ARGV[1])
local newest = redis.call('ZREVRANGE', KEYS[2], 0, 0)[1] or '0'
local current = redis.call('HGET', KEYS[4], 'number') or '0'
if number <= tonumber(newest) or number <= tonumber(current) then return 0 end
if redis.call('EXISTS', KEYS[1]) == 0 then return -1 end
redis.call('HSET', KEYS[3], 'digest', ARGV[2], 'manifest', ARGV[3])
redis.call('ZADD', KEYS[2], ARGV[1], ARGV[1])
redis.call('HSET', KEYS[4], 'number', ARGV[1], 'digest', ARGV[2])
return 1

-- Store packed values, each unless what is there is newer; answers how many were stored. KEYS: theirs; ARGV[1]: ms they are kept, 0:
-- for ever; ARGV[2] and on: the values. Bytes 1-8: time, big-endian; bytes 9-12: fingerprint of the windows that wrote it. Values of
-- other windows always give way. Times are compared as numbers: Lua's < on strings follows the server's locale. 2^53 ms is past
-- the year 280000. On a cluster the keys of one call must lie in one slot; a call may have a single key.
local written = 0
for i = 1, #KEYS do
  local value = ARGV[i + 1]
  local held = redis.call('GETRANGE', KEYS[i], 0, 11)
  if #held ~= 12 or string.sub(held, 9, 12) ~= string.sub(value, 9, 12)
     or struct.unpack('>I8', held) <= struct.unpack('>I8', value) then
    if ARGV[1] == '0' then
      redis.call('SET', KEYS[i], value)
    else
      redis.call('SET', KEYS[i], value, 'PX', ARGV[1])
    end
    written = written + 1
  end
end
return written

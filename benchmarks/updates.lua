-- A text update of its own for every request, written by wrk: numbers have a fixed width, so the length never changes.
-- Arguments after `--`: the secret, the path, the first number; how many chats, the first of them, how far apart.

local HEAD, FORM, first, chats, first_chat, apart
issued = 0

function init(args)
  first, chats = tonumber(args[3]), tonumber(args[4])
  first_chat, apart = tonumber(args[5]), tonumber(args[6])
  FORM = '{"update_id":%09d,"message":{"message_id":%09d,"from":{"id":%09d,"is_bot":false,"first_name":"Mina",'
    .. '"last_name":"Kim","username":"mina_%09d","language_code":"en"},"chat":{"id":%09d,"first_name":"Mina",'
    .. '"last_name":"Kim","username":"mina_%09d","type":"private"},"date":1790000000,'
    .. '"text":"Where is my order? It should have come on Tuesday, and nobody answers the telephone."}}'
  local length = #string.format(FORM, 0, 0, first_chat, first_chat, first_chat, first_chat)
  HEAD = "POST " .. args[2] .. " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    .. "X-Telegram-Bot-Api-Secret-Token: " .. args[1] .. "\r\nContent-Length: " .. length .. "\r\n\r\n"
end

function request()
  issued = issued + 1
  local number = first + issued
  local chat = first_chat + number % chats * apart
  return HEAD .. string.format(FORM, number, number, chat, chat, chat, chat)
end

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function done(summary, latency)
  local issued_in_all = 0
  for _, thread in ipairs(threads) do
    issued_in_all = issued_in_all + thread:get("issued")
  end
  local errors = summary.errors
  io.write(string.format(
    '\n{"answered":%d,"seconds":%.6f,"not_2xx":%d,"broken":%d,"issued":%d,"p50_ms":%.3f,"p99_ms":%.3f}\n',
    summary.requests, summary.duration / 1e6, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout, issued_in_all,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end

-- irc/message.lua: parses and formats lines of IRC (RFC 1459, IRCv3 message tags), and splits
-- long texts into lines.
--
--   @time=2026-01-01T12:00:00.000Z :dan!d@example.org PRIVMSG #lua :Hello there
--
-- is parsed to
--
--   { tags = { time = "2026-01-01T12:00:00.000Z" },
--     source = { nick = "dan", user = "d", host = "example.org" },
--     command = "PRIVMSG", params = { "#lua", "Hello there" } }

local encoding = require "spectrum.encoding"
local isupport = require "irc.isupport"
local text = require "irc.text"

local utf8 = encoding.utf8

local message = {}

-- LINE is the most bytes of a line with its CRLF, but without its tags.
local LINE = 512

-- ESCAPES has the escape sequences for characters that would end a tag's value.
local ESCAPES = { [";"] = "\\:", [" "] = "\\s", ["\\"] = "\\\\", ["\r"] = "\\r", ["\n"] = "\\n" }
local UNESCAPES = { [":"] = ";", s = " ", ["\\"] = "\\", r = "\r", n = "\n" }

local function escape(value)
  return (value:gsub("[; \\\r\n]", ESCAPES))
end

-- unescape replaces the escape sequences. It removes a backslash before any other character,
-- or at the end.
local function unescape(value)
  return (value:gsub("\\(.?)", function(c)
    return UNESCAPES[c] or c
  end))
end

local function parse_tags(s)
  local tags = {}
  for tag in s:gmatch("[^;]+") do
    local name, value = tag:match("^([^=]*)=?(.*)$")
    tags[name] = unescape(value)
  end
  return tags
end

-- sources has the last sources, because the same ones appear in line after line. It has at most
-- SOURCES of at most LONGEST bytes.
local SOURCES, LONGEST = 200, 200
local sources, count = {}, 0

-- split_source parses nick!user@host. A server has only a name, which becomes the nick.
local function split_source(s)
  local nick, user, host = s:match("^([^!@]*)!([^@]*)@(.*)$")
  if nick then
    return { raw = s, nick = nick, user = user, host = host }
  end
  local at = s:find("@", 1, true)
  local rest = at and s:sub(1, at - 1) or s
  local bang = rest:find("!", 1, true)
  return {
    raw = s,
    nick = bang and rest:sub(1, bang - 1) or rest,
    user = bang and rest:sub(bang + 1) or nil,
    host = at and s:sub(at + 1) or nil,
  }
end

-- parse_source returns the table for a source. Lines share it, so it must not change.
local function parse_source(s)
  local source = sources[s]
  if not source then
    if count >= SOURCES then
      sources, count = {}, 0
    end
    source = split_source(s)
    if #s <= LONGEST then
      sources[s], count = source, count + 1
    end
  end
  return source
end

-- NO_TAGS is the table for lines without tags.
local NO_TAGS = {}

-- parse parses a line without its CRLF. It returns nil if the line has no command.
function message.parse(line)
  local tags, after_tags = line:match("^@([^ ]*)(.*)$")
  local source, after_source = (after_tags or line):match("^ *:([^ ]*)(.*)$")
  local command, rest = (after_source or after_tags or line):match("^ *([^ ]+)(.*)$")
  if not command then
    return nil
  end
  local params, colon = {}, rest:find(" :", 1, true)
  for param in (colon and rest:sub(1, colon - 1) or rest):gmatch("[^ ]+") do
    params[#params + 1] = param
  end
  if colon then
    params[#params + 1] = rest:sub(colon + 2)
  end
  return {
    tags = tags and parse_tags(tags) or NO_TAGS,
    source = source and parse_source(source) or nil,
    command = command:upper(),
    params = params,
  }
end

-- clean replaces characters that would end a line.
local function clean(s)
  return (s:gsub("[%z\r\n]", " "))
end

-- format formats a line without its CRLF. The last parameter may be any text. The others are
-- shortened if they contain blanks or begin with a colon.
function message.format(command, params, tags)
  local parts = {}
  if tags and next(tags) then
    local list = {}
    for name, value in pairs(tags) do
      list[#list + 1] = value == "" and name or name .. "=" .. escape(value)
    end
    table.sort(list)
    parts[1] = "@" .. table.concat(list, ";")
  end
  parts[#parts + 1] = command
  for i, param in ipairs(params) do
    param = clean(tostring(param))
    if i == #params and (param == "" or param:find("^:") or param:find(" ", 1, true)) then
      param = ":" .. param
    elseif i < #params and (param == "" or param:find("[ :]")) then
      param = param:gsub(" .*$", ""):gsub("^:+", "")
      if param == "" then
        param = "*"
      end
    end
    parts[#parts + 1] = param
  end
  return table.concat(parts, " ")
end

-- cut splits a text after at most `bytes` bytes: between words if possible, and never inside a
-- character or a colour code. It returns both parts.
local function cut(s, bytes)
  local piece, rest = utf8.truncate(s, bytes)
  if rest:sub(1, 1) == " " then
    return piece, rest
  end
  local at = piece:find(" [^ ]*$")
  if not at or at <= bytes / 3 then
    at = piece:find("[\3\4][%x,]*$")
    if not at or at == 1 or #piece - at > #"\4rrggbb,rrggbb" then
      return piece, rest
    end
  end
  return s:sub(1, at - 1), s:sub(at)
end

-- split splits a text of one line into pieces of at most `bytes` bytes. A style continues in
-- the next piece. With `exact`, nothing is added or removed: the pieces together are the text.
function message.split(s, bytes, exact)
  local pieces = {}
  while #s > bytes do
    local piece, rest = cut(s, bytes)
    pieces[#pieces + 1] = piece
    s = exact and rest or text.open(piece) .. rest:gsub("^ ", "")
  end
  if s ~= "" or #pieces == 0 then
    pieces[#pieces + 1] = s
  end
  return pieces
end

-- longest returns the most bytes of a line to a server, without tags and CRLF.
local function longest(link)
  return math.max(isupport.number(link.isupport, "LINELEN") or LINE, LINE) - #"\r\n"
end

-- fit truncates a line that is too long, for example a topic or an away message. Some servers
-- close the connection after such a line, and would do so again at the next login.
function message.fit(link, line)
  local most = longest(link)
  if #line <= most then
    return line
  end
  local tags, rest = line:match("^(@[^ ]* )(.*)$")
  return (tags or "") .. utf8.truncate(rest or line, most)
end

-- USER and HOST are the longest usual ones, for room while ours are unknown.
local USER, HOST = ("u"):rep(10), ("h"):rep(63)

-- room returns the most bytes of a text in a line. The server adds our source to it:
-- `:nick!user@host COMMAND target :text`.
function message.room(link, command, target)
  local user, host = link.user or USER, link.host or HOST
  local prefix = #link.nick + #user + #host + #":!@ " + #command + #" " + #target + #" :"
  return math.max(longest(link) - prefix, 64)
end

return message

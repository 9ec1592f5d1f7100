-- irc/message.lua: one line of IRC, read and written (RFC 1459, IRCv3 message
-- tags), and long texts cut into lines.
--
--   @time=2026-01-01T12:00:00.000Z :dan!d@example.org PRIVMSG #lua :Hello there
--
-- is read as
--
--   { tags = { time = "2026-01-01T12:00:00.000Z" },
--     source = { nick = "dan", user = "d", host = "example.org" },
--     command = "PRIVMSG", params = { "#lua", "Hello there" } }

local encoding = require "spectrum.encoding"
local isupport = require "irc.isupport"
local formatting = require "irc.text"

local utf8 = encoding.utf8

local message = {}

-- LINE is how long a line may be, its CRLF included. Tags come on top.
local LINE = 512

-- ESCAPES are how a tag's value writes what would end it.
local ESCAPES = { [";"] = "\\:", [" "] = "\\s", ["\\"] = "\\\\", ["\r"] = "\\r", ["\n"] = "\\n" }
local UNESCAPES = { [":"] = ";", s = " ", ["\\"] = "\\", r = "\r", n = "\n" }

local function escape(value)
  return (value:gsub("[; \\\r\n]", ESCAPES))
end

-- unescape takes the escapes out; a backslash before anything else, or at the
-- end, stands for nothing.
local function unescape(value)
  return (value:gsub("\\(.?)", function(c)
    return UNESCAPES[c] or c
  end))
end

local function parse_tags(text)
  local tags = {}
  for tag in text:gmatch("[^;]+") do
    local name, value = tag:match("^([^=]*)=?(.*)$")
    tags[name] = unescape(value)
  end
  return tags
end

-- parse_source reads nick!user@host; a server has a name only, which stands in
-- nick then.
local function parse_source(text)
  local at = text:find("@", 1, true)
  local rest = at and text:sub(1, at - 1) or text
  local bang = rest:find("!", 1, true)
  return {
    raw = text,
    nick = bang and rest:sub(1, bang - 1) or rest,
    user = bang and rest:sub(bang + 1) or nil,
    host = at and text:sub(at + 1) or nil,
  }
end

-- first_word cuts a line that begins with a sign, which is left out, at the end of
-- its first word.
local function first_word(line)
  local word, stop = line:match("^.([^ ]*) *()")
  return word, line:sub(stop)
end

-- parse reads a line without its CRLF. It returns nil for one that says nothing.
function message.parse(line)
  local m = { tags = {}, params = {} }
  local word
  if line:find("^@") then
    word, line = first_word(line)
    m.tags = parse_tags(word)
  end
  line = line:gsub("^ +", "")
  if line:find("^:") then
    word, line = first_word(line)
    m.source = parse_source(word)
  end
  local colon = line:find(" :", 1, true)
  local params = m.params
  for param in line:sub(1, (colon or #line + 1) - 1):gmatch("[^ ]+") do
    params[#params + 1] = param
  end
  m.command = table.remove(params, 1)
  if not m.command then
    return nil
  end
  m.command = m.command:upper()
  if colon then
    params[#params + 1] = line:sub(colon + 2)
  end
  return m
end

-- clean leaves out what would end a line.
local function clean(text)
  return (text:gsub("[%z\r\n]", " "))
end

-- format writes a line without its CRLF. The last parameter may be any text; the
-- others must not be empty, begin with a colon or have blanks.
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
    elseif i < #params then
      param = param:gsub(" .*$", ""):gsub("^:+", "")
      if param == "" then
        param = "*"
      end
    end
    parts[#parts + 1] = param
  end
  return table.concat(parts, " ")
end

-- cut is where a text is cut to fit into so many bytes: between words where it can,
-- never inside a character, nor inside a colour's number.
local function cut(text, bytes)
  local piece, rest = utf8.truncate(text, bytes)
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
  return text:sub(1, at - 1), text:sub(at)
end

-- split cuts a text of one line into pieces of at most so many bytes. The styles
-- that hold where it is cut go on in the next piece.
function message.split(text, bytes)
  local pieces = {}
  while #text > bytes do
    local piece, rest = cut(text, bytes)
    pieces[#pieces + 1] = piece
    text = formatting.open(piece) .. rest:gsub("^ ", "")
  end
  if text ~= "" or #pieces == 0 then
    pieces[#pieces + 1] = text
  end
  return pieces
end

-- longest is how many bytes a line to a server may have, without tags and CRLF.
local function longest(link)
  return math.max(isupport.number(link.isupport, "LINELEN") or LINE, LINE) - #"\r\n"
end

-- fit cuts a line that is too long: a topic, for one, or why the user is away. Some
-- servers close the connection over it, and would again at the next login.
function message.fit(link, line)
  local most = longest(link)
  if #line <= most then
    return line
  end
  local tags, rest = line:match("^(@[^ ]* )(.*)$")
  return (tags or "") .. utf8.truncate(rest or line, most)
end

-- room is how many bytes a text may have in a line that the server passes on as
-- `:nick!user@host COMMAND target :text`. Until our own user and host are known,
-- their longest usual lengths count.
function message.room(link, command, target)
  local user, host = link.user or ("u"):rep(10), link.host or ("h"):rep(63)
  local prefix = #link.nick + #user + #host + #":!@ " + #command + #" " + #target + #" :"
  return math.max(longest(link) - prefix, 64)
end

return message

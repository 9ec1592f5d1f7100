-- irc/user_commands.lua: commands for other users and for one's own nick and state.
-- irc/commands.lua describes the tables.

local arguments = require "irc.arguments"
local ctcp = require "irc.ctcp"
local links = require "irc.links"
local names = require "irc.names"
local out = require "irc.out"
local conversations = require "irc.conversations"
local presence = require "irc.presence"
local say = require "irc.say"
local whois = require "irc.whois"

local user_commands = {}

-- nick changes the user's nick, on all servers.
local function nick(c)
  local wanted = c.rest:match("^(%S+)")
  if not wanted then
    return ("You are %s."):format(c.link.nick)
  end
  for _, link in ipairs(links.all(c.session)) do
    if link.state == "online" then
      links.rename(c.session, link, wanted)
    else
      link.wanted = names.nick(wanted) -- an invalid nick must not fail the next login
    end
  end
end

-- tell sends a text to somebody, as a PRIVMSG or a NOTICE.
local function tell(command)
  return function(c)
    local who, words = c.rest:match("^(%S+)%s+(.+)$")
    if not who then
      return nil, "Give a nick and a text."
    end
    local ok, why = say.send(c.session, c.link, who, { message = words }, command)
    if not ok then
      return nil, why
    end
    return not names.is_room(c.link, who) and ("To %s: %s"):format(who, words) or nil
  end
end

-- query opens a conversation with a contact.
local function query(c)
  local who, words = arguments.nick(c)
  if not who then
    return nil, words
  end
  conversations.remember(c.link, who, nil)
  c.link.chats[names.fold(c.link, who)] = true
  conversations.show(c.session, { buddy_name = names.contact(c.link, who) }, ("Here you talk to %s."):format(who))
  if words ~= "" then
    return say.send(c.session, c.link, who, { message = words })
  end
end

local function about(c)
  local who, why = arguments.nick(c)
  if not who then
    return nil, why
  end
  return whois.ask(c.session, c.link, who, c.conversation)
end

local function ask(c)
  local who, question, words = c.rest:match("^(%S+)%s+(%a+)%s*(.*)$")
  if not who then
    return nil, "Give a nick and a question. VERSION, PING, TIME and CLIENTINFO are usual."
  end
  return ctcp.ask(c.session, c.link, who, question:upper(), words, c.conversation)
end

local function ping(c)
  local who, why = arguments.nick(c)
  if not who then
    return nil, why
  end
  return ctcp.ask(c.session, c.link, who, "PING", "", c.conversation)
end

local function away(c)
  presence.set_away(c.session, c.rest ~= "" and c.rest or "away")
  return "You are away."
end

local function back(c)
  presence.set_away(c.session, nil)
  return "You are back."
end

local function quote(c)
  if c.rest == "" then
    return nil, "Give a line to send."
  end
  return out.raw(c.session, c.link, c.rest)
end

-- service returns a command that writes to a service of the network.
local function service(name)
  return function(c)
    return say.send(c.session, c.link, name, { message = c.rest ~= "" and c.rest or "help" })
  end
end

local function motd(c)
  return out.send(c.session, c.link, "MOTD")
end

user_commands.commands = {
  { name = "msg", also = { "privmsg" }, usage = "NICK TEXT", about = "writes to somebody", run = tell "PRIVMSG" },
  {
    name = "notice",
    usage = "NICK TEXT",
    about = "writes a notice, which programs do not answer",
    run = tell "NOTICE",
  },
  { name = "query", also = { "q" }, usage = "NICK [TEXT]", about = "opens a conversation with somebody", run = query },
  { name = "whois", also = { "wi" }, usage = "[NICK]", about = "shows who somebody is", run = about },
  { name = "nick", usage = "[NICK]", about = "changes your nick, on all servers", run = nick },
  { name = "away", usage = "[TEXT]", about = "tells all servers that you are away", run = away },
  { name = "back", usage = "", about = "tells all servers that you are back", run = back },
  {
    name = "ctcp",
    usage = "NICK QUESTION [TEXT]",
    about = "asks somebody's client: VERSION, PING, TIME …",
    run = ask,
  },
  { name = "ping", usage = "[NICK]", about = "measures the delay to somebody's client", run = ping },
  { name = "ns", also = { "nickserv" }, usage = "TEXT", about = "writes to NickServ", run = service "NickServ" },
  { name = "cs", also = { "chanserv" }, usage = "TEXT", about = "writes to ChanServ", run = service "ChanServ" },
  { name = "motd", usage = "", about = "shows the server's message of the day", run = motd },
  { name = "quote", also = { "raw" }, usage = "LINE", about = "sends a line to the server as it is", run = quote },
}

return user_commands

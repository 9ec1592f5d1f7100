-- irc/state.lua: all fields of a link, which is one connection of one user to one server.
--
-- A link is plain data in session.data.links, so it survives a reload of the script. Each group
-- of fields belongs to the modules in its comment. Other modules read the fields. Only their
-- module changes them, unless a comment says more. Fields that are nil at first are here too.

local isupport = require "irc.isupport"

local state = {}

-- new returns a link to a server. `addresses` are the server's addresses, and `nick` is
-- the nick that the user wants.
function state.new(key, server, addresses, nick)
  return {
    -- irc/links.lua: the life of the connection.
    key = key, -- the link's key in session.data.links
    server = server, -- the server, as the user calls it
    addresses = addresses,
    at = 1, -- the index of the current address
    state = "connecting", -- connecting, registering, online, waiting or closed
    connection = nil, -- the result of session:connection
    conn = nil, -- the connection of spectrum.net, while it exists
    login_timer = nil, -- limits the time of the login
    waited = nil, -- an attempt has failed since the link was online
    failure = nil, -- { error, text }: why there is no further attempt
    refused_at = nil, -- when the link failed for good
    refused_login = nil, -- the server has refused a login that has worked before

    -- irc/register.lua and irc/sasl.lua: the login.
    reg = nil, -- the state of the registration; see irc/register.lua
    caps = {}, -- active capabilities with their values
    isupport = isupport.defaults(),
    sasl = nil, -- the state of SASL, while it runs
    account = nil, -- the account on the network, or true if its name is unknown
    refused_since = nil, -- irc/logins.lua: since when the server refuses the login
    server_name = nil, -- irc/talk.lua: the name in the source of the server's lines

    -- irc/nicks.lua: the names of the user.
    nick = nick, -- the current nick; irc/register.lua and irc/people.lua change it too
    wanted = nick, -- the nick that the user wants
    refused = 0, -- how many nicks the server has refused since the last working login
    simplified = nil, -- `wanted` has only letters and digits, after a refusal
    taken = nil, -- `wanted` is in use
    cut = nil, -- the wanted nick, before the server cut it
    claiming = nil, -- the nick that we have asked for without the user
    asked_nick = nil, -- the nick that the user has asked for
    username_form = 1, -- which form of the user name comes next
    nick_length = nil, -- NICKLEN of the last time the link was online
    user_length = nil, -- USERLEN of that time
    user = nil, -- our user name and host, as others see them
    host = nil,

    -- irc/out.lua and irc/receipts.lua: lines to the server.
    queue = {}, -- lines that wait
    sending = false, -- a task empties the queue
    tokens = 0, -- how many lines the flood control lets through
    tokens_at = 0, -- when `tokens` was counted
    label = 0, -- the last label
    requests = {}, -- requests without an answer, by label
    unsent = {}, -- how many of the user's lines were dropped, by target
    unproven = {}, -- how many of them were written, by target
    proving = nil, -- those that were written before a PING without a PONG, by target
    unsure = {}, -- those that may be lost with the last connection, by target
    stopped = nil, -- how many seconds the process was stopped while lines waited
    receipt_due = nil, -- a PING will follow what the user has said

    -- irc/events.lua: lines from the server.
    batches = {}, -- open batches, by reference

    -- irc/rooms.lua, irc/parting.lua and irc/people.lua: rooms.
    rooms = {}, -- by name, folded
    folded = nil, -- the CASEMAPPING that `rooms` uses
    joins = 0, -- how many JOINs were sent
    told = nil, -- the user knows that the connection is lost
    parting = {}, -- PARTs without an answer
    splitting = nil, -- a timer will remove the users of a netsplit

    -- irc/contacts.lua and irc/presence.lua: who is online, who is away.
    contacts = nil, -- while the link is online; by nick, folded
    watched = 0, -- how many contacts MONITOR watches
    ison = {}, -- ISON lines without an answer
    ison_timer = nil, -- while the link has contacts
    who = {}, -- rooms that wait for a WHO
    asker = nil, -- the timer that sends WHO
    away_told = {}, -- away messages that the user has seen, by nick

    -- irc/say.lua, irc/conversations.lua and irc/typing.lua: what the user writes.
    chats = {}, -- nicks that the user has written to; irc/user_commands.lua adds some
    held = {}, -- messages that wait for the connection
    said = nil, -- { target, at } of the user's last message
    echoes = {}, -- lines that the server will send back
    echo_id = 0, -- the number of the last of them
    batch_id = 0, -- the number of the last batch of lines to the server
    private = {}, -- the room that the user has used for a nick, or false for the contact
    typing = nil, -- the last typing notification

    -- irc/recall.lua, irc/reactions.lua, irc/deletions.lua and irc/markers.lua: what refers to earlier messages.
    recall = { order = {}, places = {} }, -- the last messages with an id
    reactions = { order = {}, by = {} }, -- who has reacted to what
    deleting = {}, -- ids of the user's deletions that the server has not returned
    marks = {}, -- how far the user has read, until it is sent; by target
    marks_due = nil, -- a timer will send them

    -- irc/replies.lua, irc/whois.lua and irc/ctcp.lua: questions of the user.
    asked = nil, -- the last command
    quoted = nil, -- the last /quote or /motd
    list = nil, -- the answer to LIST so far
    names_asked = {}, -- answers to NAMES so far, by room
    whois = {}, -- answers to WHOIS so far, by nick
    ctcp_asked = {}, -- questions by CTCP, by nick and command
    ctcp = nil, -- the limit on our own answers
  }
end

-- complete adds the fields that a link of an older version of this script lacks.
function state.complete(link)
  for name, value in pairs(state.new(link.key, link.server, link.addresses, link.nick)) do
    if link[name] == nil then
      link[name] = value
    end
  end
end

return state

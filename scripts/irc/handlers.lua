-- irc/handlers.lua: the modules that handle what the server says. irc/events.lua calls
-- the handlers of a line in this order. A handler that returns true ends the list.

return {
  -- The state of the connection comes first: the others need the nick and the account.
  require "irc.register",
  require "irc.sasl",
  require "irc.nicks",

  -- Rooms: a PART that we have sent ends a stay before anything else about the room counts.
  require "irc.parting",
  require "irc.rooms",
  require "irc.topics",
  require "irc.refusals", -- takes the errors that answer a JOIN from irc.replies
  require "irc.invitations",
  require "irc.people",

  -- Messages: history remembers a message before it is shown.
  require "irc.multiline",
  require "irc.history",
  require "irc.talk",
  require "irc.say",
  require "irc.receipts",
  require "irc.typing",
  require "irc.reactions",
  require "irc.deletions",
  require "irc.markers",

  -- Answers: irc.replies is last because it shows everything that no other module takes.
  require "irc.whois",
  require "irc.presence",
  require "irc.contacts",
  require "irc.replies",
}

-- hello.lua: the smallest transport. Its one contact, `hello`, greets whoever
-- writes to it.

local on = {} -- the handlers, by the name of the message they are for

-- A user has come online: he is connected, and sees the contact.
function on.login(session)
  session:connected()
  session:buddy_changed { buddy_name = "hello", alias = "Hello", status = "online" }
end

-- He has written to somebody.
function on.conv_message(session, m)
  if m.buddy_name ~= "hello" then
    return
  end
  session:conv_message {
    buddy_name = "hello",
    message = "Hello, " .. session.legacy_name .. "! You wrote: " .. m.message,
  }
end

return on

-- echo_test.lua: tests of echo.lua.

local test = require "spectrum.test"

test.case("the contact is online", function(t)
  t:start()
  t:expect("backend_config", { config = "[features]\nmuc=1\nreceipts=1\n" })
  local alice = t:login()
  alice:expect("connected")
  alice:expect("buddy_changed", { buddy_name = "echo", alias = "Echo", group = { "Lua" }, status = "online" })
  alice:never()
end)

test.case("a message comes back", function(t)
  local alice = t:login()
  alice:send("conv_message", { buddy_name = "echo", message = "<hi>", xhtml = "<b>hi</b>" })
  alice:expect("conv_message", { buddy_name = "echo", message = "<hi>", xhtml = "<b>hi</b>", nickname = t.none })
  alice:never("conv_message_ack")
end)

test.case("a message with an id gets a receipt", function(t)
  local alice = t:login()
  alice:send("conv_message", { buddy_name = "echo", message = "hi", id = "42" })
  alice:expect("conv_message_ack", { buddy_name = "echo", id = "42" })
  alice:expect("conv_message", { message = "hi" })
end)

test.case("the contact types when the user does", function(t)
  local alice = t:login()
  for _, what in ipairs { "buddy_typing", "buddy_typed", "buddy_stopped_typing" } do
    alice:send(what, { buddy_name = "echo" })
    alice:expect(what, { buddy_name = "echo" })
  end
end)

test.case("contacts that are added are online", function(t)
  local alice = t:login()
  alice:send("buddy_changed", { buddy_name = "carol", alias = "Carol", status = "none" })
  alice:expect("buddy_changed", { buddy_name = "carol", alias = "Carol", status = "online" })
end)

test.case("the contact has a vCard", function(t)
  local alice = t:login()
  alice:send("vcard", { buddy_name = "echo", id = 7 })
  alice:expect("vcard", { buddy_name = "echo", id = 7, fullname = "echo" })
  alice:send("vcard", { buddy_name = "", id = 8, photo = "PNG" })
  alice:never("vcard")
end)

test.case("a room repeats messages", function(t)
  local alice = t:login()
  alice:send("join_room", { room = "attic", nickname = "al" })
  alice:expect("participant_changed", { room = "attic", nickname = "echo", flag = { "moderator" } })
  alice:expect("participant_changed", { room = "attic", nickname = "al", flag = { "me" } })
  alice:expect("room_subject_changed", { buddy_name = "attic", message = "" })
  alice:say("attic", "hello")
  alice:expect("conv_message", { buddy_name = "attic", nickname = "al", message = "hello" })
  alice:send("room_subject_changed", { buddy_name = "attic", message = "dust" })
  alice:expect("room_subject_changed", { buddy_name = "attic", nickname = "al", message = "dust" })
  alice:send("leave_room", { room = "attic", nickname = "al" })
  alice:expect("participant_changed", { room = "attic", nickname = "al", status = "none" })
  alice:send("leave_room", { room = "attic", nickname = "al" })
  alice:never("participant_changed")
end)

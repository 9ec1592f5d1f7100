local test = require "spectrum.test"

test.case("the messages of a room arrive in the order that clients need", function(t)
  t:expect("room_list", { room = { "garden" } })
  local alice = t:login()
  alice:expect("connected")
  alice:send("join_room", { room = "garden", nickname = "ali" })
  for _, name in ipairs { "carol", "dave" } do
    alice:expect("participant_changed", { room = "garden", nickname = name, status = "online" })
  end
  alice:expect("participant_changed", { nickname = "ali", flag = { "me" } })
  alice:expect("room_subject_changed", { buddy_name = "garden", message = "Roses" })
  alice:say("garden", "hello")
  alice:expect("conv_message", { buddy_name = "garden", nickname = "ali", message = "hello" })
  alice:say("garden/carol", "you")
  alice:expect("conv_message", { buddy_name = "garden", nickname = "carol", pm = true })
  alice:send("leave_room", { room = "garden", nickname = "ali" })
  alice:say("garden", "hello?")
  alice:never()
end)

test.case("a room that does not exist", function(t)
  local alice = t:login()
  alice:send("join_room", { room = "cellar", nickname = "ali" })
  alice:expect("participant_changed", { room = "cellar", status = "none", flag = { "room_not_found" } })
end)

local test = require "spectrum.test"
local crypto = require "spectrum.crypto"

test.case("the icon hash is the hash of the picture", function(t)
  local alice = t:login()
  local buddy = alice:expect("buddy_changed")
  alice:send("vcard", { buddy_name = "carol", id = 7 })
  local card = alice:expect("vcard", { buddy_name = "carol", id = 7, fullname = "Carol Doe" })
  t.equal(crypto.sha1(card.photo, "hex"), buddy.icon_hash)
  t.equal(card.photo:sub(1, 3), "GIF")
end)

test.case("the user changes the own picture", function(t)
  local alice = t:login()
  alice:expect("connected")
  alice:send("vcard", { buddy_name = "", id = 0, photo = "12345" })
  t:log("a new picture.*bytes=5")
end)

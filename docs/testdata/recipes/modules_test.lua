local test = require "spectrum.test"

test.case("the module is found", function(t)
  t:login():expect("buddy_changed", { buddy_name = "carol_doe" })
end)

package store_test

import (
	"testing"

	"go.uber.org/goleak"

	"spectrumlua/luabind/luatest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTry(t *testing.T) {
	luatest.Run(t, `
local spectrum = require "spectrum"
local s = spectrum.store("x")
assert(s:get("a") == nil)
assert(s:get("a", 5) == 5)
assert(s:set("a", {1,2,{x="y"}}))
assert(s:get("a")[3].x == "y")
assert(s:increment("n") == 1)
assert(s:increment("n", 2.5) == 3.5)
assert(s:update("u", function(old) return (old or 0) + 1 end) == 1)
assert(s:transaction(function(tx) tx:set("b", "c") return 7 end) == 7)
assert(s:get("b") == "c")
local sql = require "spectrum.sql"
assert(sql.migrate { "CREATE TABLE t (id INTEGER PRIMARY KEY, w TEXT)" } == 1)
assert(select(2, sql.exec("INSERT INTO t (w) VALUES (?)", "hi")) == 1)
assert(sql.query("SELECT * FROM t")[1].w == "hi")
assert(s:set("sec", "x", {secret = true}))
assert(s:get("sec") == "x")
`, "store=test.sqlite")
}

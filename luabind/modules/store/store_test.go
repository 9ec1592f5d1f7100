package store_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
	"spectrumlua/runtime/database"
	"spectrumlua/runtime/database/databasetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	alice = "alice@example.net"
	bob   = "bob@example.net"
)

// each runs a script on every engine.
func each(t *testing.T, script string) {
	t.Helper()
	databasetest.EachConfig(t, func(t *testing.T, _ database.Source, lines []string) {
		luatest.Run(t, "local spectrum = require \"spectrum\"\nlocal store = spectrum.store(\"test\")\n"+script, lines...)
	})
}

func TestValuesComeBackAsTheyWere(t *testing.T) {
	each(t, `
local json = require "spectrum.json"
local every = {}
for i = 0, 255 do every[#every + 1] = string.char(i) end
every = table.concat(every)
local values = {
  "", "text", "é\0\n", every, "\255", "12", 0, 1, -1, 1.5, 0.1, 1e-300, 1e300, 2^53, -2^53, true, false,
  {}, { 1, 2, 3 }, { a = "b" }, { { {} } }, { json.null, 1 }, { n = 0.1, s = "\0", t = { false } },
}
local function same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then return a == b end
  for k, v in pairs(a) do if not same(v, b[k]) then return false end end
  for k in pairs(b) do if a[k] == nil then return false end end
  return true
end
for i, value in ipairs(values) do
  for _, options in ipairs { {}, { secret = true }, { ttl = 100 } } do
    assert(store:set("k" .. i, value, options))
    local back, why = store:get("k" .. i)
    assert(same(value, back), i .. ": " .. tostring(back) .. " " .. tostring(why))
  end
end
local minus = tonumber("-0") -- a sum or a product that is -0 is 0 to this VM
assert(store:set("t", { minus }) and store:set("n", minus))
for i, zero in ipairs { minus, store:get("t")[1], store:get("n"), store:increment("n", minus) } do
  assert(1 / zero == -math.huge, i)
end
assert(store:set(every, every, { blob = true, secret = true }))
assert(store:get(every) == every)
assert(store:set(5, "five") and store:get("5") == "five")
`)
}

func TestMisuseRaises(t *testing.T) {
	tests := []struct{ call, want string }{
		{`store:set("k", nil)`, "set: nil cannot be stored: use delete(key) to delete the key"},
		{`store:set("k")`, "nil cannot be stored"},
		{`store:set("k", 0/0)`, "set: the number NaN has no JSON"},
		{`store:set("k", print)`, "a function has no JSON"},
		{`store:set("k", { [1.5] = 1 })`, "set: "},
		{`store:set("k", { a = { "\255" } })`, "set: at a[1]: a string is not UTF-8"},
		{`store:set("k", 5, { blob = true })`, "with blob: string expected, got number 5"},
		{`store:set("k", 5, { tll = 5 })`, `set has no option "tll"; did you mean "ttl"?`},
		{`store:set("k", 5, { ttl = -1 })`, "ttl: number of seconds expected"},
		{`store:set("", 5)`, "a key has at least one byte"},
		{`store:get(("k"):rep(769))`, "a key has 768 bytes at most, not 769"},
		{`store:get({})`, "string expected, got table"},
		{`store:increment("k", 0/0)`, "the number must be finite"},
		{`store:update("k", 5)`, "function expected, got number"},
		{`store:update("k", function() return print end)`, "update: a function has no JSON"},
		{`store.get("k")`, "get is a method of a store: write store:get(…), with a colon"},
		{`store:gett("k")`, `a store has no "gett"; did you mean "get"?`},
		{`store:transaction(function() store:transaction(print) end)`, "a transaction is open: they do not nest"},
		{`spectrum.store(("n"):rep(129))`, "a store's name has 128 bytes at most"},
		{`spectrum.store({})`, "string expected, got table"},
	}
	script := "local spectrum = require \"spectrum\"\nlocal store = spectrum.store()\n"
	for i, test := range tests {
		script += fmt.Sprintf("do local ok, why = pcall(function() %s end)\nassert(not ok and why:find(%q, 1, true), \"%d: \" .. tostring(why)) end\n", test.call, test.want, i)
	}
	luatest.Run(t, script, "store=memory")
}

func TestSessionsStore(t *testing.T) {
	databasetest.EachConfig(t, func(t *testing.T, _ database.Source, lines []string) {
		st := luatest.Start(t, `
local spectrum = require "spectrum"
local on = {}
local late
function on.login(session, m)
  session:connected()
  session:conv_message { buddy_name = "n", message = tostring(session:store():increment("logins")) }
  assert(session:store().user == session.user and session:store("x").name == "x")
  assert(session:store("other"):get("logins") == nil)
  assert(spectrum.store():get("logins") == nil)
end
function on.conv_message(session, m)
  late = session:store()
end
function on.logout(session)
  spectrum.after(0, function()
    spectrum.send("query", { config = tostring(late:get("logins")) })
  end)
end
return on`, lines...)
		for _, want := range []string{"1", "2"} {
			st.Login(alice)
			st.ExpectSaid(want)
			st.Logout(alice)
			if want == "1" {
				continue
			}
		}
		st.Login(bob)
		st.ExpectSaid("1")
		if err := st.Host.Load(); err != nil { // a reload forgets nothing
			t.Fatal(err)
		}
		st.Login(alice)
		st.ExpectSaid("3")
		st.Say(alice, "x", "y")
		st.Logout(alice)
		st.ExpectQuery("3") // a store may be used when its session is over
	})
}

func TestIncrementAndUpdate(t *testing.T) {
	each(t, `
assert(store:increment("n") == 1)
assert(store:increment("n", 41) == 42 and store:get("n") == 42)
assert(store:increment("n", -0.5) == 41.5)
store:set("word", "x")
local n, why = store:increment("word")
assert(n == nil and why == 'the value of "word" is not a number', why)
store:set("big", 2^53)
n, why = store:increment("big")
assert(n == nil and why:find("more than a number can hold exactly"), why)
assert(store:get("big") == 2^53)

-- What stays: secrecy and expiry.
store:set("s", 1, { secret = true, ttl = 100 })
assert(store:increment("s") == 2 and store:update("s", function(n) return n + 1 end) == 3)

-- Another task is faster: the function is called again.
local calls = 0
store:set("u", "old")
assert(store:update("u", function(old)
  calls = calls + 1
  if calls == 1 then
    spectrum.spawn(function() assert(store:set("u", "new")) end):join()
  end
  return old .. "!"
end) == "new!")
assert(calls == 2)

assert(store:update("u", function() return nil end) == nil)
assert(store:get("u") == nil)
assert(store:update("none", function(old) assert(old == nil) end) == nil)
local problem = {}
local ok, what = pcall(store.update, store, "u", function() error(problem) end)
assert(not ok and what == problem)

-- Many tasks count together.
local tasks = {}
for i = 1, 20 do
  tasks[i] = spectrum.spawn(function()
    assert(store:update("count", function(n) return (n or 0) + 1 end))
    assert(store:increment("count2"))
  end)
end
for _, task in ipairs(tasks) do assert(task:join()) end
assert(store:get("count") == 20 and store:get("count2") == 20)
`)
}

func TestTransactions(t *testing.T) {
	each(t, `
local other = spectrum.store("other")
local a, b, c = store:transaction(function(tx)
  assert(tx == store)
  tx:set("a", 1)
  other:set("a", 2)
  assert(tx:get("a") == 1 and #tx:keys() == 1)
  return "x", nil, "z"
end)
assert(a == "x" and b == nil and c == "z")
assert(store:get("a") == 1 and other:get("a") == 2)

local problem = setmetatable({}, { __tostring = function() return "oops" end })
local ok, what = pcall(store.transaction, store, function(tx)
  tx:set("a", 99)
  tx:delete("a")
  other:set("b", 99)
  error(problem)
end)
assert(not ok and what == problem)
assert(store:get("a") == 1 and other:get("b") == nil)
assert(store:transaction(function() end) == true)
assert(select("#", store:transaction(function() return nil end)) == 1)

-- Others see nothing of it until it is done, and nobody waits for a reader.
assert(store:transaction(function(tx)
  tx:set("a", 2)
  local _, seen = spectrum.spawn(function() return store:get("a") end):join()
  assert(seen == 1, seen)
end))
assert(store:get("a") == 2)

-- It has an end of its own.
local n, why = store:transaction(function(tx)
  tx:set("a", 3)
  spectrum.sleep(0.2)
  return tx:set("a", 4)
end, { timeout = 0.1 })
assert(n == nil and why, why)
assert(store:get("a") == 2)

-- Many tasks count together.
local tasks = {}
for i = 1, 8 do
  tasks[i] = spectrum.spawn(function()
    assert(store:transaction(function(tx)
      local n = tx:get("count", 0)
      return n and tx:set("count", n + 1)
    end))
  end)
end
for _, task in ipairs(tasks) do assert(task:join()) end
assert(store:get("count") == 8, store:get("count"))
`)
}

// TestLogoutInATransaction undoes it, and lets go of the lock.
func TestLogoutInATransaction(t *testing.T) {
	databasetest.EachConfig(t, func(t *testing.T, _ database.Source, lines []string) {
		st := luatest.Start(t, `
local spectrum = require "spectrum"
local store = spectrum.store()
local on = {}
function on.login(session)
  session:connected()
  session:spawn(function()
    store:transaction(function()
      store:set("k", session.user)
      session:conv_message { buddy_name = "b", message = "in it" }
      spectrum.sleep(100)
    end)
  end)
end
function on.conv_message(session, m)
  assert(store:set("k2", "mine"))
  session:conv_message { buddy_name = "b", message = tostring(store:get("k")) }
end
return on`, lines...)
		st.Login(alice)
		st.ExpectSaid("in it")
		st.Logout(alice)
		st.Login(bob)
		st.ExpectSaid("in it")
		st.Logout(bob)
		st.Login(alice)
		st.ExpectSaid("in it")
		st.Logout(alice)
	})
}

func TestKeysAndEach(t *testing.T) {
	each(t, `
for i = 1, 60 do store:set(("p/%02d"):format(i), i) end
store:set("q", "other")
local keys = store:keys("p/")
assert(#keys == 60 and keys[1] == "p/01" and keys[60] == "p/60")
assert(#store:keys() == 61 and #store:keys("z") == 0)
local sum, last = 0, ""
for key, value in store:each("p/") do
  assert(key > last)
  last, sum = key, sum + value
  store:delete(key)        -- while it reads
end
assert(sum == 60 * 61 / 2)
assert(#store:keys() == 1)
for key, value in store:each() do assert(key == "q" and value == "other") end
for _ in store:each("none") do error("there is one") end
-- Large values do not come by the hundred.
for i = 1, 20 do store:set("big" .. i, ("x"):rep(300000)) end
local n = 0
for _, value in store:each("big") do n = n + #value end
assert(n == 20 * 300000)
`)
}

func TestRemember(t *testing.T) {
	each(t, `
assert(store:remember("1", "a"))
assert(store:remember("2", "b", { ttl = 0 }))
assert(store:theirs("1") == "a" and store:ours("a") == "1" and store:ours("b") == "2")
assert(store:theirs("a") == nil and store:ours("1") == nil)
assert(#store:keys() == 0)
`)
}

func TestALockedDatabaseDelaysOnlyTheTaskThatWrites(t *testing.T) {
	databasetest.EachConfig(t, func(t *testing.T, p database.Source, lines []string) {
		st := luatest.Start(t, `
local spectrum = require "spectrum"
assert(spectrum.store():set("k", 0))
local on = {}
function on.login(session) session:connected() end
function on.conv_message(session, m)
  if m.message == "write" then
    session:conv_message { buddy_name = "b", message = tostring(spectrum.store():set("k", 1)) }
  else
    session:conv_message { buddy_name = "b", message = "echo" }
  end
end
return on`, lines...)
		db := database.New(p)
		defer func() { _ = db.Close() }()
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		tx, err := db.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(ctx, "UPDATE "+p.Engine.Quote(p.Prefix+"spectrum2_lua_store")+" SET kind = kind"); err != nil {
			t.Fatal(err)
		}
		st.Login(alice)
		st.Login(bob)
		st.Say(alice, "b", "write")
		for range 20 {
			st.Say(bob, "b", "x")
			st.ExpectSaid("echo")
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		st.ExpectSaid("true")
	})
}

// The database cannot be reached. Each call returns the reason, without the password.
func TestFailures(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := listener.Addr().String()
	_ = listener.Close()
	_, port, _ := net.SplitHostPort(nobody)
	folder := t.TempDir()
	other := filepath.Join(folder, "other")
	if err := os.WriteFile(other, bytes.Repeat([]byte("something else"), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		lines []string
		want  string
	}{
		{"no PostgreSQL", []string{"store=postgres://bot:hunter2@" + nobody + "/bot"}, "postgres://" + nobody + "/bot cannot be reached"},
		{"no MySQL", []string{"store=mysql://bot:hunter2@" + nobody + "/bot"}, "mysql://" + nobody + "/bot cannot be reached"},
		{"no MySQL, by keys", []string{"[database]", "type=mysql", "database=bot", "port=" + port}, "test.cfg:6: [database] says where it is)"},
		{"no PostgreSQL, by a URL", []string{"store=postgres://bot:hunter2@" + nobody + "/bot"}, "test.cfg:5: [lua] store says where it is)"},
		{"a folder", []string{"store=" + folder}, folder + ": is a directory; [service] working_dir or [lua] store says where the database is"},
		{"no database", []string{"store=" + other}, other + " is damaged or not an SQLite database: file is not a database"},
		{"no folder", []string{"store=/proc/nowhere/a.sqlite"}, "/proc/nowhere: "},
		{"no database type", []string{"[database]", "type=hunter2base"}, "[database] type is none, sqlite3, mysql or pqxx (PostgreSQL)"},
		{"words", []string{"[database]", "type=pqxx", "connectionstring=host=127.0.0.1 password=hunter2 port=hunter2"}, "PostgreSQL does not understand it"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			st := luatest.Run(t, fmt.Sprintf(`
local spectrum = require "spectrum"
local sql = require "spectrum.sql"
local store = spectrum.store()
local want = %q
local function check(value, why)
  assert(value == nil and why:find(want, 1, true), why)
  assert(not why:find("hunter2$") and not why:find("hunter2[^b]"), why)
  print(why)
end
check(store:get("k", "default"))
check(store:set("k", 1))
check(store:delete("k"))
check(store:keys())
check(store:increment("k"))
check(store:update("k", print))
check(store:transaction(print))
check(store:remember("a", "b"))
check(sql.query("SELECT 1"))
check(sql.exec("SELECT 1"))
check(sql.each("SELECT 1", print))
check(sql.transaction(print))
check(sql.migrate { "SELECT 1" })
`, test.want), test.lines...)
			if strings.Contains(st.Log.String(), "hunter2@") || strings.Contains(st.Log.String(), "password=") {
				t.Errorf("the password is in the log:\n%s", st.Log)
			}
		})
	}
}

// TestAServerThatSaysNothing ends a call when its time is up.
func TestAServerThatSaysNothing(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	where := filepath.ToSlash("://bot:hunter2@" + listener.Addr().String() + "/bot")
	for _, scheme := range []string{"postgres", "mysql"} {
		luatest.Run(t, fmt.Sprintf(`
local sql = require "spectrum.sql"
local db = assert(sql.open(%q, { timeout = 0.1 }))
local rows, why = db:query("SELECT 1")
assert(rows == nil and why == "timeout", why)
db:close()
`, scheme+where))
	}
}

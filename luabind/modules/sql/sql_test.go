package sql_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
	"spectrumlua/runtime/database"
	"spectrumlua/runtime/database/databasetest"
)

// types are the names of types that differ.
var types = map[string]*strings.Replacer{
	"sqlite":     strings.NewReplacer("BYTES", "BLOB", "FLOAT", "REAL", "TEXTY", "TEXT", "AUTOID", "INTEGER PRIMARY KEY", "INSTANT", "TIMESTAMP"),
	"postgresql": strings.NewReplacer("BYTES", "BYTEA", "FLOAT", "DOUBLE PRECISION", "TEXTY", "TEXT", "AUTOID", "SERIAL PRIMARY KEY", "INSTANT", "TIMESTAMPTZ"),
	"mysql":      strings.NewReplacer("BYTES", "LONGBLOB", "FLOAT", "DOUBLE", "TEXTY", "VARCHAR(500)", "AUTOID", "INTEGER PRIMARY KEY AUTO_INCREMENT", "INSTANT", "DATETIME(3)"),
}

// each runs a script on every engine. t is the name of a table of its own.
func each(t *testing.T, script string) {
	t.Helper()
	databasetest.EachConfig(t, func(t *testing.T, p database.Source, lines []string) {
		luatest.Run(t, `
local spectrum = require "spectrum"
local sql = require "spectrum.sql"
local t = sql.prefix .. "t"
`+types[p.Engine.Name].Replace(script), lines...)
	})
}

func TestValues(t *testing.T) {
	each(t, `
assert(sql.exec("CREATE TABLE " .. t .. " (id INTEGER, s TEXTY, b BYTES, i BIGINT, f FLOAT, flag BOOLEAN, d DATE, at INSTANT, n NUMERIC(30,5))"))
local every = {}
for i = 0, 255 do every[#every + 1] = string.char(i) end
every = table.concat(every)
local insert = "INSERT INTO " .. t .. " (id, s, b, i, f, flag, d, at, n) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
assert(sql.exec(insert, 1, "é ? '", sql.blob(every), 2^53, 0.1, true, "2026-11-22", "2026-11-22 18:39:57.123", "0.5"))
assert(sql.exec(insert, 2, nil, sql.blob(""), sql.null, nil, nil, nil, nil, nil))
assert(sql.exec(insert, 3, "", nil, -2^53, -1e300, false, nil, nil, nil))
local rows = assert(sql.query("SELECT * FROM " .. t .. " ORDER BY id"))
local one, two, three = rows[1], rows[2], rows[3]
assert(#rows == 3 and one.s == "é ? '" and one.b == every and one.i == 2^53 and one.f == 0.1)
assert(one.flag == true or one.flag == 1, one.flag)
assert(one.d == "2026-11-22", one.d)
assert(one.at == "2026-11-22T18:39:57.123Z", one.at)
assert(tonumber(one.n) == 0.5, one.n)
assert(two.s == nil and two.b == "" and two.i == nil and two.f == nil and two.flag == nil and two.n == nil)
assert(three.s == "" and three.b == nil and three.i == -2^53 and three.f == -1e300)
assert(three.flag == false or three.flag == 0)
local names = 0
for _ in pairs(one) do names = names + 1 end
assert(names == 9)

-- A number is never rounded in silence.
assert(sql.exec("UPDATE " .. t .. " SET i = 9007199254740993 WHERE id = 1"))
local r, why = sql.query("SELECT i FROM " .. t .. " WHERE id = 1")
assert(r == nil and why:find("i is 9007199254740993, more than a number can hold exactly: select it as text"), why)
local cast = why:match("CAST%b()")
assert(sql.query("SELECT " .. cast .. " AS i FROM " .. t .. " WHERE id = 1")[1].i == "9007199254740993")

-- Nor is a fraction cut off.
local ok, refused = sql.exec("UPDATE " .. t .. " SET i = ? WHERE id = 1", 5.9)
assert(ok == nil and refused:find("5.9", 1, true) and refused:find("integer") or refused:find("bigint"), refused)
ok, refused = sql.query("SELECT id FROM " .. t .. " WHERE i = ?", 5.9)
assert(ok == nil and refused:find("5.9", 1, true), refused)
assert(sql.exec("UPDATE " .. t .. " SET f = ?, n = ? WHERE id = 1", 5.9, 5.9) == 1)
assert(sql.query("SELECT f FROM " .. t .. " WHERE f = ?", 5.9)[1].f == 5.9)

r, why = sql.query("SELECT id, id FROM " .. t)
assert(r == nil and why == "two columns have the name id: rename one with AS", why)
`)
}

func TestExec(t *testing.T) {
	each(t, `
assert(sql.exec("CREATE TABLE " .. t .. " (id AUTOID, s TEXTY)") == 0)
local n, id = sql.exec("INSERT INTO " .. t .. " (s) VALUES (?), (?)", "a", "b")
assert(n == 2)
if sql.engine ~= "postgresql" then
  assert(id == 1 or id == 2, id)
end
assert(sql.exec("UPDATE " .. t .. " SET s = 'a'") == 2)
assert(sql.exec("DELETE FROM " .. t .. " WHERE s = ?", "none") == 0)
if sql.engine ~= "mysql" then
  assert(sql.query("INSERT INTO " .. t .. " (s) VALUES (?) RETURNING id", "c")[1].id == 3)
end
local r, why = sql.exec("INSERT INTO " .. t .. " (id, s) VALUES (1, 'again')")
assert(r == nil and why:lower():find("unique") or why:lower():find("duplicate"), why)
r, why = sql.query("SELECT nonsense FROM " .. t)
assert(r == nil and why:find("nonsense"), why)
n, id = sql.exec("DROP TABLE " .. t)
assert(n == 0 and id == nil)
r, why = sql.query("SELECT 1 AS a; SELECT 2 AS b")
assert(r == nil and why == "the text has several statements: run each with a call of its own", why)
`)
}

func TestMisuseRaises(t *testing.T) {
	tests := []struct{ call, want string }{
		{`sql.query()`, "string expected, got n"},
		{`sql.query("SELECT ?")`, "the statement has 1 placeholders, but there are 0 values"},
		{`sql.query("SELECT 1", 2)`, "the statement has 0 placeholders, but there are 1 values"},
		{`sql.exec("BEGIN")`, "transactions begin and end with transaction(function() … end)"},
		{`sql.exec("SELECT ?", {})`, "value 1: string, number, boolean, nil or sql.blob(…) expected, got table"},
		{`sql.exec("SELECT ?, ?", 1, 0/0)`, "value 2 is NaN, which SQL cannot represent"},
		{`sql.each("SELECT 1")`, "the last argument is a function"},
		{`sql.each(print)`, "string expected"},
		{`sql.transaction("x")`, "function expected"},
		{`sql.transaction(print, { timeot = 1 })`, `transaction has no option "timeot"; did you mean "timeout"?`},
		{`sql.migrate("x")`, "table expected"},
		{`sql.migrate { 5 }`, "migrate: step 1: statement, list of statements or function expected, got number 5"},
		{`sql.migrate { { "a", 5 } }`, "migrate: step 1, statement 2: string expected, got number 5"},
		{`sql.migrate { nme = "x" }`, `migrate has no option "nme"; did you mean "name"?`},
		{`sql.transaction(function() sql.transaction(print) end)`, "a transaction is open: they do not nest"},
		{`sql.transaction(function() sql.migrate {} end)`, "migrate: a transaction is open"},
		{`sql.qery("x")`, `spectrum.sql has no "qery"; did you mean "query"?`},
		{`local x = sql.query("SELECT 1 AS a")[1].b`, `the row has no column "b"`},
	}
	script := "local sql = require \"spectrum.sql\"\n"
	for i, test := range tests {
		script += fmt.Sprintf("do local ok, why = pcall(function() %s end)\nassert(not ok and tostring(why):find(%q, 1, true), \"%d: \" .. tostring(why)) end\n", test.call, test.want, i)
	}
	luatest.Run(t, script, "store=memory")
}

func TestEach(t *testing.T) {
	each(t, `
assert(sql.exec("CREATE TABLE " .. t .. " (id INTEGER)"))
local marks, values = {}, {}
for i = 1, 1000 do marks[i], values[i] = "(?)", i end
assert(sql.exec("INSERT INTO " .. t .. " (id) VALUES " .. table.concat(marks, ","), unpack(values)) == 1000)
local select = "SELECT id FROM " .. t .. " WHERE id > ? ORDER BY id"
local sum = 0
assert(sql.each(select, 500, function(row) sum = sum + row.id end) == 500)
assert(sum == (501 + 1000) * 500 / 2)

-- Enough, and errors, let go of the connection.
local problem = {}
for i = 1, 20 do
  assert(sql.each(select, 0, function(row) return row.id < 3 end) == 3)
  local ok, what = pcall(sql.each, select, 0, function() error(problem) end)
  assert(not ok and what == problem)
  local n, why = sql.each("SELECT nonsense", function() end)
  assert(n == nil and why)
end
-- Other statements within it.
local n = 0
assert(sql.each(select, 990, function(row)
  n = n + sql.exec("DELETE FROM " .. t .. " WHERE id = ?", row.id)
end) == 10)
assert(n == 10)
-- In a transaction.
assert(sql.transaction(function()
  assert(sql.each(select, 0, function(row) return row.id < 200 end) == 200)
  assert(sql.exec("DELETE FROM " .. t) == 990)
  return assert(sql.query("SELECT COUNT(*) AS n FROM " .. t))[1].n
end) == 0)
`)
}

func TestTransactions(t *testing.T) {
	each(t, `
assert(sql.exec("CREATE TABLE " .. t .. " (id INTEGER PRIMARY KEY, n INTEGER)"))
assert(sql.exec("INSERT INTO " .. t .. " (id, n) VALUES (1, 0)"))
local function count() return assert(sql.query("SELECT n FROM " .. t .. " WHERE id = 1"))[1].n end

-- Tasks that read, and then write what they have read, lose nothing.
local calls, tasks = 0, {}
for i = 1, 6 do
  tasks[i] = spectrum.spawn(function()
    assert(sql.transaction(function()
      calls = calls + 1
      local rows = sql.query("SELECT n FROM " .. t .. " WHERE id = 1")
      if rows then
        spectrum.sleep(0.001)
        sql.exec("UPDATE " .. t .. " SET n = ? WHERE id = 1", rows[1].n + 1)
      end
    end))
  end)
end
for _, task in ipairs(tasks) do assert(task:join()) end
assert(count() == 6, count())
assert(calls == 6 or sql.engine ~= "sqlite")

-- A store and SQL in one.
local store = spectrum.store()
assert(store:set("k", 1))
local ok = pcall(sql.transaction, function()
  sql.exec("UPDATE " .. t .. " SET n = 100")
  store:set("k", 100)
  error("no")
end)
assert(not ok and count() == 6 and store:get("k") == 1)
`)
}

func TestMigrate(t *testing.T) {
	each(t, `
local function n() return assert(sql.query("SELECT COUNT(*) AS n FROM " .. t))[1].n end
local steps = {
  "CREATE TABLE " .. t .. " (id INTEGER PRIMARY KEY)",
  { "INSERT INTO " .. t .. " VALUES (1)", "INSERT INTO " .. t .. " VALUES (2)" },
  function() assert(sql.exec("INSERT INTO " .. t .. " VALUES (?)", 3)) end,
}
assert(sql.migrate(steps) == 3)
assert(sql.migrate(steps) == 0)
assert(n() == 3)
assert(sql.migrate { name = "other", "INSERT INTO " .. t .. " VALUES (4)" } == 1)

local more = { steps[1], steps[2], steps[3], "INSERT INTO " .. t .. " VALUES (5)", "NONSENSE" }
local r, why = sql.migrate(more)
assert(r == nil and why:find("^migrate: step 5: "), why)
assert(n() == (sql.engine == "mysql" and 5 or 4), n())

local problem = {}
local ok, what = pcall(sql.migrate, { name = "third", function() error(problem) end })
assert(not ok and what == problem)

r, why = sql.migrate { "one" }
assert(r == nil and why:find("newer version"), why)

-- Tasks at once.
local tasks = {}
for i = 1, 4 do
  tasks[i] = spectrum.spawn(function()
    return assert(sql.migrate { name = "fourth", "INSERT INTO " .. t .. " VALUES (6)" })
  end)
end
local sum = 0
for _, task in ipairs(tasks) do
  local done, count = task:join()
  assert(done, count)
  sum = sum + count
end
assert(sum == 1)
`)
}

func TestOpen(t *testing.T) {
	st := luatest.Start(t, `
local spectrum = require "spectrum"
local sql = require "spectrum.sql"
local on = {}
local kept
function on.login(session)
  session:connected()
  kept = assert(sql.open("sqlite:own.sqlite"))
  assert(kept.engine == "sqlite")
  assert(kept:migrate { "CREATE TABLE t (id INTEGER)" } == 1)
  assert(kept:exec("INSERT INTO t (id) VALUES (?)", 1) == 1)
  assert(kept:transaction(function() return kept:query("SELECT id FROM t")[1].id end) == 1)
  assert(kept:each("SELECT id FROM t", function() end) == 1)
  local db = assert(sql.open("own.sqlite"))
  assert(#db:query("SELECT id FROM t") == 1)
  db:close()
  assert(not sql.query("SELECT id FROM t"))   -- that is another database
  session:conv_message { buddy_name = "b", message = "done" }
end
function on.logout()
  spectrum.after(0.05, function()
    local rows, why = kept:query("SELECT id FROM t")
    spectrum.send("query", { config = tostring(rows) .. " " .. tostring(why) })
  end)
end
return on`, "store=memory")
	st.Login("alice@example.net")
	st.ExpectSaid("done")
	st.Logout("alice@example.net")
	st.ExpectQuery("nil the database is closed")
	info, err := os.Stat(filepath.Join(st.Dir, "own.sqlite"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info, err)
	}
}

// TestSandbox keeps a script to its folder.
func TestSandbox(t *testing.T) {
	outside := t.TempDir()
	st := luatest.New(t, fmt.Sprintf(`
local spectrum = require "spectrum"
local sql = require "spectrum.sql"
local outside = %q
for _, where in ipairs { outside .. "/a.sqlite", "sqlite:" .. outside .. "/a.sqlite", "../a.sqlite", "link/a.sqlite", "file", "mysql:///x?socket=/run/m.sock", "postgres:///x?socket=/run" } do
  local db, why = sql.open(where)
  assert(db == nil and why:find("sandbox"), where .. " " .. tostring(why))
end
local db = assert(sql.open("own.sqlite"))
assert(db:exec("CREATE TABLE t (id INTEGER)"))
for _, db in ipairs { db, sql, assert(sql.open("memory")), assert(sql.open("sqlite::memory:")) } do
  local query = db == sql and sql.query or function(...) return db:query(...) end
  for _, text in ipairs {
    "ATTACH '" .. outside .. "/b.sqlite' AS b", "ATTACH '" .. outside .. "' || '/b.sqlite' AS b", "VACUUM INTO '" .. outside .. "/b.sqlite'",
    "PRAGMA temp_store_directory = '" .. outside .. "'", "PRAGMA Temp_Store_Directory = '" .. outside .. "'", "SELECT load_extension('x')",
    "SELECT writefile('" .. outside .. "/b', 'x')", "SELECT readfile('/etc/passwd')",
  } do
    local rows, why = query(text)
    assert(rows == nil, text)
  end
  local rows = query("ATTACH ? AS b", outside .. "/b.sqlite")
  assert(rows == nil)
end
return {}`, outside), "sandbox=1", "store=memory")
	if err := os.Symlink(outside, filepath.Join(st.Dir, "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(outside, "c.sqlite"), filepath.Join(st.Dir, "file")); err != nil {
		t.Fatal(err)
	}
	if err := st.Host.Load(); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(outside)
	if err != nil || len(entries) != 0 {
		t.Error(entries, err)
	}
}

// SQLite checks foreign keys, and a word in double quotes is never a text.
func TestSQLiteIsStrict(t *testing.T) {
	luatest.Run(t, `
local db = assert(require("spectrum.sql").open("memory"))
assert(db:exec("CREATE TABLE room (name TEXT PRIMARY KEY)"))
assert(db:exec("CREATE TABLE message (room TEXT REFERENCES room (name))"))
local n, why = db:exec("INSERT INTO message (room) VALUES ('nowhere')")
assert(n == nil and why:find("FOREIGN KEY constraint failed", 1, true), why)
local rows
rows, why = db:query('SELECT name FROM room WHERE name = "lobby"')
assert(rows == nil and why:find("no such column", 1, true), why)`)
}

// TestMemoryIsNoFile opens databases in memory by each of their names. Each has
// its own tables, which all of its statements see.
func TestMemoryIsNoFile(t *testing.T) {
	st := luatest.Run(t, `
local sql = require "spectrum.sql"
for _, where in ipairs { "memory", ":memory:", "sqlite:memory", "sqlite::memory:", "sqlite://:memory:" } do
  local db = assert(sql.open(where))
  assert(db:exec("CREATE TABLE t (id INTEGER)"), where)
  assert(db:exec("INSERT INTO t (id) VALUES (1)"), where)
  assert(#assert(db:query("SELECT id FROM t")) == 1, where)
end
local db, why = sql.open("file::memory:?cache=shared")
assert(db == nil and why:find("URIs"), why)`, "store=sqlite::memory:")
	entries, err := os.ReadDir(st.Dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.Contains(e.Name(), "memory") {
			t.Errorf("there is a file %q", e.Name())
		}
	}
}

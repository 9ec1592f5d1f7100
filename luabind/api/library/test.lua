---@meta spectrum.test

---Tests of scripts, for files called `NAME_test.lua`, which `spectrum2-lua test` runs. Each case has a Spectrum, a script and a clock of its own. There is no such module elsewhere.
---@class spectrum.test: spectrum.test.Assertions
local test = {}

---A case. It is called while the file loads; the function runs later, in a world of its own.
---@param name string one that no other case of the file has
---@param fn async fun(t: spectrum.test.Case)
function test.case(name, fn) end

---The script or the config file to test. Without it that is `NAME.lua`, beside `NAME_test.lua`.
---@param path string a relative one starts at the test file's folder
function test.script(path) end

---What the config of each case has in addition, by section and key. A function stands for what it returns when it is called with `t`.
---@param sections table<string, table<string, any>>
function test.config(sections) end

---What finds something wrong is an error at the test's line. The functions are there as `test.equal(…)` and as `t.equal(…)`.
---@class spectrum.test.Assertions
---Stands for any value but nil, in what is expected.
---@field any spectrum.test.Pattern
---Stands for nil, in what is expected.
---@field none spectrum.test.Pattern
local assertions = {}

---The values are equal; tables are if all that is in them is.
---@param got any
---@param want any
---@param about? string what the failure begins with
function assertions.equal(got, want, about) end

---The values differ.
---@param got any
---@param unwanted any
---@param about? string
function assertions.not_equal(got, unwanted, about) end

---The first value has at least what the second one has: a table may have more.
---@param got any
---@param want any
---@param about? string
function assertions.same(got, want, about) end

---A pattern of Lua's is found in the text.
---@param text any
---@param pattern string
---@param about? string
---@return string|number ... its captures, or all that it matches
function assertions.match(text, pattern, about) end

---A text has another one in it, a list an element.
---@param whole string|table
---@param part any
---@param about? string
function assertions.contains(whole, part, about) end

---The function raises an error.
---@param fn async fun()
---@param pattern? string that is found in it
---@param about? string
---@return any raised what it has raised
function assertions.error(fn, pattern, about) end

---The function returns something true before the time is over. It is called again and again.
---@param fn async fun(): any
---@param seconds? number (default: 5)
---@param about? string
---@return any result
function assertions.eventually(fn, seconds, about) end

---The value is neither nil nor false.
---@generic T
---@param value T
---@param about? string
---@return T value
function assertions.truthy(value, about) end

---The value is nil or false.
---@param value any
---@param about? string
function assertions.falsy(value, about) end

---The case fails.
---@param why? string
function assertions.fail(why) end

---A string in which a pattern of Lua's is found, in what is expected.
---@param pattern string
---@return spectrum.test.Pattern expected
function assertions.pattern(pattern) end

---Stands for a value in what is expected.
---@class spectrum.test.Pattern

---What a case is called with: Spectrum, and what belongs to nobody. Seconds of what waits are real ones; the script's clock is moved by `advance`.
---@class spectrum.test.Case: spectrum.test.Assertions
---An empty folder of the case's own.
---@field folder string
local t = {}

---Starts the script. It is called before the first `login`, or not at all: then the script starts by itself.
---@param options? spectrum.test.StartOptions
function t:start(options) end

---Logs a user in.
---@param options? spectrum.test.LoginOptions|string a string is the user
---@return spectrum.test.User user
function t:login(options) end

---Sends a message that belongs to no user.
---@param type spectrum.MessageType
---@param fields? table|string
function t:send(type, fields) end

---Sends a command, and waits for the script's answer to it.
---@param command string
---@param seconds? number (default: 5)
---@return string answer
function t:query(command, seconds) end

---Waits for a message that belongs to no user, with at least these fields, and that was not expected before.
---@param type spectrum.SentType
---@param fields? any a table; for raw XML a string or a pattern
---@param seconds? number (default: 5)
---@return any message its fields, as handlers have them
function t:expect(type, fields, seconds) end

---Such a message has not come when all that was sent has been handled. Without a type, nothing has come that was not expected.
---@param type? spectrum.SentType
---@param fields? any a table; for raw XML a string or a pattern
---@param seconds? number how long to wait for it
function t:never(type, fields, seconds) end

---Returns when all that runs waits for something.
function t:settle() end

---The clock of script and test moves on: timers that are due run, sleeps end.
---@param seconds number
function t:advance(seconds) end

---Loads the script anew, as after a change of its file.
function t:reload() end

---A server that the test plays. The function runs in a task of its own for each connection, which is closed when it returns.
---@param fn async fun(conn: spectrum.test.Conn, n: integer)
---@param options? spectrum.test.ServeOptions
---@return spectrum.test.Peer peer
function t:serve(fn, options) end

---A port of this machine that nobody uses now, for a script that listens.
---@return integer port
function t:free_port() end

---Waits for a line of the log that was not looked for before.
---@param pattern string
---@param seconds? number (default: 5)
---@return string text the line's text
function t:log(pattern, seconds) end

---Waits for an error that the runtime logs, in a handler for example, which would fail the case otherwise.
---@param pattern string
---@param seconds? number (default: 5)
---@return string text
function t:expect_error(pattern, seconds) end

---@class spectrum.test.StartOptions
---Another script or config file (default: `test.script`).
---@field script? string
---More sections and keys of the config (default: those of `test.config`).
---@field config? table<string, table<string, any>>

---@class spectrum.test.LoginOptions
---His bare JID (default: `"alice@localhost"`).
---@field user? string
---His name on the network (default: what stands before the `@`).
---@field legacy_name? string
---As he registered it (default: `"secret"`).
---@field password? string
---What he chose for himself (default: those of a new user).
---@field settings? table<string, string|number|boolean>

---@class spectrum.test.ServeOptions
---TLS; `peer.ca` is then the file to trust (default: `false`).
---@field tls? boolean
---Where it listens (default: `"127.0.0.1"`).
---@field host? string
---Which port (default: one that is free).
---@field port? integer

---One who is logged in to the script.
---@class spectrum.test.User
---His bare JID.
---@field user string
---His name on the network.
---@field legacy_name string
local user = {}

---Sends a message in his name.
---@param type spectrum.MessageType
---@param fields? table|string
function user:send(type, fields) end

---Writes to a contact or a room.
---@param buddy string
---@param text string
function user:say(buddy, text) end

---Waits for a message to him with at least these fields, that was not expected before.
---@param type spectrum.SentType
---@param fields? table
---@param seconds? number (default: 5)
---@return any message its fields, as handlers have them
function user:expect(type, fields, seconds) end

---Such a message to him has not come when all that was sent has been handled. Without a type, nothing has come that was not expected.
---@param type? spectrum.SentType
---@param fields? table
---@param seconds? number how long to wait for it
function user:never(type, fields, seconds) end

---Logs him out, and returns when `on.logout` has run, as far as that does not wait.
function user:logout() end

---A server that a test plays.
---@class spectrum.test.Peer
---Where it listens, as `"host:port"`.
---@field address string
---Its host alone.
---@field host string
---Its port alone.
---@field port integer
---How many connections have come.
---@field count integer
---A file with its certificate, with `tls`; otherwise `""`.
---@field ca string
local peer = {}

---Refuses connections from now on; those that are there stay.
function peer:close() end

---Waits until connections have come and been served to the end.
---@param connections? integer how many (default: 1)
---@param seconds? number (default: 5)
function peer:wait(connections, seconds) end

---A connection to a peer, with more methods than others.
---@class spectrum.test.Conn: spectrum.net.Conn
local conn = {}

---The next line matches.
---@param pattern string
---@param seconds? number (default: 3)
---@return string|number ... its captures, or all that it matches
function conn:expect_line(pattern, seconds) end

---Reads lines until one matches.
---@param pattern string
---@param seconds? number (default: 3)
---@return string|number ... its captures, or all that it matches
function conn:find_line(pattern, seconds) end

---The script closes the connection, and sends nothing before that.
---@param seconds? number (default: 3)
function conn:expect_close(seconds) end

---Writes lines, each with CR and LF.
---@param ... string
---@return true|nil ok
---@return string? message
function conn:write_line(...) end

return test

---@meta spectrum.test

---Tests of scripts, in files named `NAME_test.lua`. `spectrum2-lua test` runs them. Each case has its own simulated Spectrum, script and clock. The module exists only in test files.
---@class spectrum.test: spectrum.test.Assertions
local test = {}

---Declares a case. Call it while the file loads; the function runs later.
---@param name string a name that is unique in the file
---@param fn async fun(t: spectrum.test.Case)
function test.case(name, fn) end

---Sets the script or the config file to test. The default is `NAME.lua` in the folder of `NAME_test.lua`.
---@param path string a relative path starts at the test file's folder
function test.script(path) end

---Adds sections and keys to the config of each case. A function as a value is called with `t`, and its result is the value.
---@param sections table<string, table<string, any>>
function test.config(sections) end

---Assertions. A failed one raises an error at the line of the test. Each function exists as `test.equal(…)` and as `t.equal(…)`.
---@class spectrum.test.Assertions
---Matches any value except nil, in expected fields.
---@field any spectrum.test.Pattern
---Matches nil, in expected fields.
---@field none spectrum.test.Pattern
local assertions = {}

---Asserts that two values are equal. Tables are equal if their contents are equal.
---@param got any
---@param want any
---@param about? string the start of the failure message
function assertions.equal(got, want, about) end

---Asserts that two values differ.
---@param got any
---@param unwanted any
---@param about? string
function assertions.not_equal(got, unwanted, about) end

---Asserts that the first value contains the second one. A table may have more fields than expected.
---@param got any
---@param want any
---@param about? string
function assertions.same(got, want, about) end

---Asserts that a Lua pattern matches the text.
---@param text any
---@param pattern string
---@param about? string
---@return string|number ... the captures, or the whole match
function assertions.match(text, pattern, about) end

---Asserts that a text contains another text, or that a list contains an element.
---@param whole string|table
---@param part any
---@param about? string
function assertions.contains(whole, part, about) end

---Asserts that a function raises an error.
---@param fn async fun()
---@param pattern? string a Lua pattern that matches the error
---@param about? string
---@return any raised the error
function assertions.error(fn, pattern, about) end

---Asserts that a function returns a true value within a time limit. The function is called repeatedly.
---@param fn async fun(): any
---@param seconds? number (default: 5)
---@param about? string
---@return any result
function assertions.eventually(fn, seconds, about) end

---Asserts that a value is neither nil nor false.
---@generic T
---@param value T
---@param about? string
---@return T value
function assertions.truthy(value, about) end

---Asserts that a value is nil or false.
---@param value any
---@param about? string
function assertions.falsy(value, about) end

---Fails the case.
---@param why? string
function assertions.fail(why) end

---Skips the case: it ends at once, and counts neither as passed nor as failed.
---@param reason string
function assertions.skip(reason) end

---Matches any string that contains a match of a Lua pattern, in expected fields.
---@param pattern string
---@return spectrum.test.Pattern expected
function assertions.pattern(pattern) end

---A placeholder for a value in expected fields.
---@class spectrum.test.Pattern

---The argument of a case: the simulated Spectrum. Time limits are real seconds. `advance` moves the clock of the script.
---@class spectrum.test.Case: spectrum.test.Assertions
---An empty folder for this case.
---@field folder string
local t = {}

---Starts the script. Call it before the first `login` to pass options. Without a call, the script starts at the first use.
---@param options? spectrum.test.StartOptions
function t:start(options) end

---Logs a user in.
---@param options? spectrum.test.LoginOptions|string options, or the user's bare JID
---@return spectrum.test.User user
function t:login(options) end

---Sends a message without a user to the script.
---@param type spectrum.MessageType
---@param fields? table|string
function t:send(type, fields) end

---Sends a command and waits for the script's answer.
---@param command string
---@param seconds? number (default: 5)
---@return string answer
function t:query(command, seconds) end

---Waits for a message without a user that has at least the given fields. Each message satisfies one `expect`.
---@param type spectrum.SentType
---@param fields? any a table; for raw XML a string or a pattern
---@param seconds? number (default: 5)
---@return any message the message's fields, in the form that handlers get
function t:expect(type, fields, seconds) end

---Asserts that no message with these fields has arrived after the script has handled everything. Without a type, it asserts that no unexpected message has arrived.
---@param type? spectrum.SentType
---@param fields? any a table; for raw XML a string or a pattern
---@param seconds? number the time to wait for the message
function t:never(type, fields, seconds) end

---Waits until every handler and task of the script is idle or waiting.
function t:settle() end

---Moves the clock of the script and the test forward. Timers that fall due run, and sleeps that are over end.
---@param seconds number
function t:advance(seconds) end

---Reloads the script, as after a change of its file.
function t:reload() end

---Starts a server for the script to connect to. The function runs in a new task for each connection. The connection is closed when the function returns.
---@param fn async fun(conn: spectrum.test.Conn, n: integer)
---@param options? spectrum.test.ServeOptions
---@return spectrum.test.Peer peer
function t:serve(fn, options) end

---Returns the server's side of a login with SCRAM (RFC 5802), the counterpart of `crypto.scram_client`.
---@param options spectrum.test.SCRAMOptions
---@return spectrum.test.SCRAMServer server
function t:scram_server(options) end

---Returns a free port of this machine, for a script that listens.
---@return integer port
function t:free_port() end

---Waits for a line in the log that matches a Lua pattern. Each line satisfies one call.
---@param pattern string
---@param seconds? number (default: 5)
---@return string text the text of the line
function t:log(pattern, seconds) end

---Waits for an error that the runtime logs, for example from a handler. An error that the case does not expect fails the case.
---@param pattern string
---@param seconds? number (default: 5)
---@return string text
function t:expect_error(pattern, seconds) end

---@class spectrum.test.StartOptions
---The script or config file (default: the one of `test.script`).
---@field script? string
---Further sections and keys of the config (default: those of `test.config`).
---@field config? table<string, table<string, any>>
---What the test plays: the gateway of `spectrum2-lua serve`, or Spectrum 2, which passes no modern messages (default: `"serve"`).
---@field home? "serve"|"spectrum"

---@class spectrum.test.LoginOptions
---The user's bare JID (default: `"alice@localhost"`).
---@field user? string
---The user's name on the network (default: the part of `user` before the `@`).
---@field legacy_name? string
---The registered password (default: `"secret"`).
---@field password? string
---The user's own settings (default: those of a new user).
---@field settings? table<string, string|number|boolean>

---@class spectrum.test.ServeOptions
---Uses TLS; `peer.ca` is the certificate file to trust (default: `false`).
---@field tls? boolean
---The host on which the server listens (default: `"127.0.0.1"`).
---@field host? string
---The port (default: a free one).
---@field port? integer
---Names for which the server's certificate is valid, in addition to `host` and `"localhost"` (default: none).
---@field names? string|string[]

---@class spectrum.test.SCRAMOptions
---The name of the user who may log in.
---@field username string
---The user's password.
---@field password string
---The mechanism, which decides the digest (default: `"SCRAM-SHA-256"`).
---@field mechanism? "SCRAM-SHA-1"|"SCRAM-SHA-256"|"SCRAM-SHA-512"
---The iterations that the server asks for, at most 1,000,000 (default: 4096).
---@field iterations? integer
---The salt, as raw bytes (default: random).
---@field salt? string
---The server's part of the nonce (default: random).
---@field nonce? string
---Prepares the user name and the password as in RFC 4013; `false` leaves them unchanged (default: `true`).
---@field saslprep? boolean

---@class spectrum.test.StartTLSOptions
---The limit of the handshake in seconds (default: that of `set_timeout`, or 30).
---@field timeout? number

---@class spectrum.test.File
---The content.
---@field data string
---The name of the file (default: `"file"`).
---@field name? string
---The MIME type (default: by the name and the content).
---@field mime_type? string
---The text of the message (default: the address of the file, as most clients do).
---@field text? string

---A user who is logged in to the script.
---@class spectrum.test.User
---The user's bare JID.
---@field user string
---The user's name on the network.
---@field legacy_name string
local user = {}

---Sends a message from the user to the script.
---@param type spectrum.MessageType
---@param fields? table|string
function user:send(type, fields) end

---Sends a chat message to a contact or a room.
---@param buddy string
---@param text string
---@return spectrum.ConversationMessage message the message as the script receives it
function user:say(buddy, text) end

---Answers a message.
---@param message spectrum.ConversationMessage a message that `say` or `expect` has returned
---@param text string
---@return spectrum.ConversationMessage message
function user:reply(message, text) end

---Corrects a message of the user. If the script has not reported its network id with `session:sent`, the gateway delivers the correction as a new message.
---@param message spectrum.ConversationMessage a message that `say`, `reply` or `correct` has returned
---@param text string
---@return spectrum.ConversationMessage message
function user:correct(message, text) end

---Reacts to a message. The emoji replace earlier ones of the user; without any, the user no longer reacts.
---@param message spectrum.ConversationMessage a message that `say` or `expect` has returned
---@param ... string emoji
function user:react(message, ...) end

---Withdraws a message of the user.
---@param message spectrum.ConversationMessage a message that `say`, `reply` or `correct` has returned
function user:retract(message) end

---Tells the script that the user has read all messages up to this one.
---@param message spectrum.ConversationMessage a message that `say` or `expect` has returned
function user:read(message) end

---Sends a file, as clients do that upload it to the transport. `spectrum.files.fetch` reads it.
---@param buddy string
---@param file spectrum.test.File
---@return spectrum.ConversationMessage message the message as the script receives it
function user:send_file(buddy, file) end

---Downloads a file that the script has shared.
---@param file spectrum.Attachment|string an attachment of a message, or an address
---@param seconds? number (default: 5)
---@return string data
---@return integer status of HTTP
---@return table<string, string> headers
function user:fetch(file, seconds) end

---Waits for a question of `session:ask` and answers it.
---@param text string an answer; `"/cancel"` gives none
---@param seconds? number (default: 5)
---@return string question the text of the question
function user:answer(text, seconds) end

---Writes a command of `spectrum.command` to the transport, as `/text`.
---@param text string for example `"join #lua"`
function user:command(text) end

---Waits for a text of the transport itself: of `session:notify`, or the result of a command.
---@param text? string the whole text (default: any text)
---@param seconds? number (default: 5)
---@return string text
function user:notice(text, seconds) end

---Waits for a message to the user that has at least the given fields. Each message satisfies one `expect`.
---@param type spectrum.SentType
---@param fields? table
---@param seconds? number (default: 5)
---@return any message the message's fields, in the form that handlers get
function user:expect(type, fields, seconds) end

---Asserts that no message to the user with these fields has arrived after the script has handled everything. Without a type, it asserts that no unexpected message has arrived.
---@param type? spectrum.SentType
---@param fields? table
---@param seconds? number the time to wait for the message
function user:never(type, fields, seconds) end

---Logs the user out. It returns when `on.logout` has returned or waits.
function user:logout() end

---A server that a test runs.
---@class spectrum.test.Peer
---The address of the server, `"host:port"`.
---@field address string
---The host of the address.
---@field host string
---The port of the address.
---@field port integer
---The number of connections so far.
---@field count integer
---The file with the server's certificate, for the option `ca` of `net.connect`, `starttls` and other clients.
---@field ca string
local peer = {}

---Refuses new connections. Open connections stay open.
function peer:close() end

---Waits until the server's function has returned for a number of connections.
---@param connections? integer (default: 1)
---@param seconds? number (default: 5)
function peer:wait(connections, seconds) end

---The server's side of a login with SCRAM. Call each method once, in this order. The messages are raw text; most protocols send them as base64.
---@class spectrum.test.SCRAMServer
---The user name of the client's first message; `""` before.
---@field username string
---The user to act for, as in the client's first message; `""` if the client names none.
---@field authzid string
local scram = {}

---Checks the client's first message. A malformed message fails the case.
---@param client_first string
---@return string server_first the answer; `e=unknown-user` for another user
---@return boolean ok `false` if the login is over
function scram:first(client_first) end

---Checks the client's final message. A malformed message fails the case.
---@param client_final string
---@return string server_final the answer; `e=invalid-proof` for another password
---@return boolean ok `true` if the client knows the password
function scram:final(client_final) end

---A connection to a server of the test, with further methods.
---@class spectrum.test.Conn: spectrum.net.Conn
local conn = {}

---Asserts that the next line matches a Lua pattern.
---@param pattern string
---@param seconds? number (default: 3)
---@return string|number ... the captures, or the whole match
function conn:expect_line(pattern, seconds) end

---Reads lines until one matches a Lua pattern.
---@param pattern string
---@param seconds? number (default: 3)
---@return string|number ... the captures, or the whole match
function conn:find_line(pattern, seconds) end

---Asserts that the script closes the connection without sending anything more.
---@param seconds? number (default: 3)
function conn:expect_close(seconds) end

---Switches the connection to TLS, as the server. `peer.ca` is the file with the certificate. Call it when the client begins with TLS, for example after the answer to its STARTTLS. If the handshake fails, the connection is closed.
---@param options? spectrum.test.StartTLSOptions
---@return true|nil ok
---@return string? message
function conn:starttls(options) end

---Writes lines, and ends each with CR and LF.
---@param ... string
---@return true|nil ok
---@return string? message
function conn:write_line(...) end

return test

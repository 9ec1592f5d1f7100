---@meta spectrum

---The main module. Reading an unknown name raises an error.
---@class spectrum
---A table for data that belongs to no user. It survives a reload, so keep data in it and not functions.
---@field data table
---The transport's JID.
---@field jid string
---The version of spectrum2-lua.
---@field version string
---The module `spectrum.config`.
---@field config spectrum.config
---The module `spectrum.log`.
---@field log spectrum.log
---The module `spectrum.files`.
---@field files spectrum.files
local spectrum = {}

---Sends a message of any type that Spectrum accepts. For a type with a user, `fields` names the user. A `room_list` without a user is for all users.
---@param type spectrum.SentType a message type
---@param fields? table|string the payload's fields; for `raw_xml` a string
---@param options? spectrum.SendOptions
---@return true|nil ok `true`; nil if the user is not logged in
---@return string? message that the user is not logged in
function spectrum.send(type, fields, options) end

---Returns the sessions of all users in this process, in no order. A session is in the list from the call of `on.login` until the user is logged out.
---@return spectrum.Session[] sessions a list
function spectrum.sessions() end

---Returns the session of a user.
---@param user string the user's bare JID
---@return spectrum.Session? session nil if the user is not logged in
function spectrum.session(user) end

---Sends the features of the transport to Spectrum. Call it while the script loads, because Spectrum needs them before users log in. The keys are Spectrum's own. A mistyped key raises an error. A key that resembles no known key is sent, with a warning in the log.
---@param sections spectrum.BackendConfigSections
function spectrum.backend_config(sections) end

---Waits. Other handlers and tasks run meanwhile.
---@param seconds number a fraction is allowed
function spectrum.sleep(seconds) end

---Declares a class whose instances keep no old script in memory. An instance in a data table has the new methods after a reload.
---@param name string 1 to 100 bytes, once for each script
---@param methods? table the methods and metamethods; more can be added to the result
---@param base? table the class from which the class inherits
---@return table class `methods`. Calling it with a table of fields makes that table an instance
function spectrum.class(name, methods, base) end

---Declares a command. The user writes `/NAME ARGUMENTS` in a chat with the transport, where `/help` lists the commands, or under `serve` fills in a form of their client (XEP-0050). Call it while the script loads. Each reload replaces the commands.
---@param command spectrum.CommandOptions
function spectrum.command(command) end

---Draws a text as a QR code, for example for `picture` of `session:ask`. It does not wait.
---@param text string at most 2953 bytes
---@param options? spectrum.QROptions
---@return string? picture the bytes of a PNG; with `blocks`, lines of characters. nil if the text is too long
---@return string? message
function spectrum.qr(text, options) end

---Calls a function for each item, such as each line of a connection, until there are no more. An error in it does not end the loop: the log has the error and the beginning of the item, and the next item follows. An error in `next` is raised.
---@param next async fun(): ...: any returns the next item; nil, and perhaps a reason, at the end
---@param fn async fun(...: any) called with the arguments after it, then with the results of `next`
---@param ... any arguments for `fn`, before the item
---@return any ... what `next` returned after the nil, such as the reason
function spectrum.each(next, fn, ...) end

---Starts a task that belongs to the process. With a name, it first ends an older task of that name. An error is logged.
---@param name string|spectrum.SpawnOptions a name, or a table of options
---@param fn async fun(...: any): ...: any
---@param ... any arguments for `fn`
---@return spectrum.Task task
---@overload fun(fn: (async fun(...: any): ...: any), ...: any): spectrum.Task
function spectrum.spawn(name, fn, ...) end

---Calls a function later. The timer belongs to the process. With a name, it replaces an older timer of that name.
---@param name string
---@param seconds number a fraction is allowed
---@param fn async fun()
---@return spectrum.Timer timer
---@overload fun(seconds: number, fn: async fun()): spectrum.Timer
function spectrum.after(name, seconds, fn) end

---Calls a function at a fixed interval. The timer belongs to the process. Runs do not overlap: a run that falls due during another one is skipped.
---@param name string
---@param seconds number at least 0.001
---@param fn async fun()
---@return spectrum.Timer timer
---@overload fun(seconds: number, fn: async fun()): spectrum.Timer
function spectrum.every(name, seconds, fn) end

---Creates a channel, which passes values between tasks and handlers, in order. It buffers up to `capacity` values. With a capacity of 0, `send` waits until another task receives the value.
---@param capacity? integer 0 to 1048576 (default: 0)
---@return spectrum.Channel channel
function spectrum.channel(capacity) end

---Creates an object that matches answers with the requests that wait for them. Each id is open for a number of seconds.
---@param seconds? number how long an id stays open, more than 0 (default: 30)
---@return spectrum.Pending pending
function spectrum.pending(seconds) end

---Starts a connection of the process that is made again after each loss. With the name of an open connection, gives it other functions.
---@param name string 1 to 1024 bytes
---@param options spectrum.ConnectionOptions
---@return spectrum.Connection connection
function spectrum.connection(name, options) end

---Returns a store of the transport: values that survive the process. It opens no connection and does not wait. It is the same as `open` of the module `spectrum.store`.
---@param name? string up to 128 bytes (default: `""`)
---@return spectrum.store.Store store
function spectrum.store(name) end

---Options of `session:conv_message`, `session:room_subject_changed` and `session:attention`.
---@class spectrum.SendOptions
---What to do with a text that is too long for a stanza: `"split"` sends several messages, and `"truncate"` cuts the end off. Only `conv_message` can split (default: an error).
---@field long? "split"|"truncate"

---The argument of `spectrum.command`.
---@class spectrum.CommandOptions
---What the user writes after the slash: a lower-case word of letters, digits, `-` and `_`, of at most 32 bytes.
---@field name string
---What the command does, for `/help`. At most 300 bytes.
---@field description? string
---The arguments in their order. A text is the name of a required one. In a chat, quotes enclose an argument with blanks, and the last argument takes the rest of the line. At most 10.
---@field arguments? (string|spectrum.CommandArgument)[]
---Runs the command in a task of its own. One command of a user runs at a time. Returns a text for the user, nothing, or nil and why it failed. An error is logged, and the user receives its text.
---@field run async fun(session: spectrum.Session, arguments: table<string, string>): string?, string?
---Only the users in `[service] admin_jid` can see and run it.
---@field admin? boolean
---How many seconds it may take, with its waits (default: 600).
---@field timeout? number

---An argument of a command.
---@class spectrum.CommandArgument
---Its key in the table of `run`: a word as the name of a command.
---@field name string
---What it is, for `/help` and forms. At most 300 bytes.
---@field description? string
---The user may leave it out. Only optional arguments can follow. It is nil then.
---@field optional? boolean
---It is a password or a code: forms hide it, and the log masks it.
---@field secret? boolean
---The values to choose from. The user may also write the number of one.
---@field options? string[]

---The argument of `session:ask`.
---@class spectrum.AskOptions
---What the user is asked. At most 16 kB.
---@field text string
---The answer is a password or a code: the user is warned, forms hide it, and log and record mask it.
---@field secret? boolean
---The answers to choose from, at least two. The user may also write the number of one. Another answer is asked again.
---@field options? string[]
---The bytes of a PNG, JPEG, GIF or WebP of at most 256 kB, such as the result of `spectrum.qr`.
---@field picture? string
---How many seconds the user has, more than 0, from the time when the question is shown (default: 300).
---@field timeout? number

---Options of `spectrum.qr`.
---@class spectrum.QROptions
---Return lines of block characters, for a terminal with a dark background.
---@field blocks? boolean

---Options of `spawn`.
---@class spectrum.SpawnOptions
---The task's name.
---@field name? string
---What an error of the task does after it is logged: `"disconnect"` ends the session with `other_error`, `"log"` does nothing more. A task of the process can only log (default: `"disconnect"` for a session).
---@field on_error? "disconnect"|"log"

---The argument of `spectrum.backend_config`.
---@class spectrum.BackendConfigSections
---The fields of the registration form.
---@field registration? spectrum.BackendConfigRegistration
---The features of the transport.
---@field features? spectrum.BackendConfigFeatures

---The section `registration` of `spectrum.backend_config`.
---@class spectrum.BackendConfigRegistration
---The form asks for a password (default: true).
---@field needPassword? boolean
---Users must register.
---@field needRegistration? boolean
---Further fields for the form. Spectrum 2.2 ignores them: they appear neither in the form nor in LOGIN.
---@field extraField? string|string[]

---The section `features` of `spectrum.backend_config`.
---@class spectrum.BackendConfigFeatures
---The transport has rooms.
---@field muc? boolean
---The script sends `conv_message_ack`.
---@field receipts? boolean
---`on.raw_xml` gets all messages, presences and most IQs. The handlers for messages, typing and subjects get nothing. Without this feature, no IQ reaches a script.
---@field rawxml? boolean
---An `@` in a name becomes `%` instead of `\40`.
---@field disable_jid_escaping? boolean
---`on.buddies` gets the user's roster after each login.
---@field send_buddies_on_login? boolean

---One user, from login to logout. Handlers for messages of a user get the session as the first argument. Using it after the session has ended raises an error. protocol.lua declares the methods that send messages.
---@class spectrum.Session
---The user's bare JID, for example `"alice@example.net"`.
---@field user string
---The user's name on the network, as registered.
---@field legacy_name string
---The user's own settings.
---@field settings table<string, string>
---A table for the script's own data, empty at first. It ends with the session.
---@field data table
local session = {}

---Sends `buddy_changed` with the fields last sent for that contact, updated with the given fields.
---@param fields spectrum.Buddy
function session:update_buddy(fields) end

---Asks the user a question in a chat with the transport itself, and waits for the answer. It works in `on.login` before `connected` and at any later time, in handlers, tasks and commands. Under `serve`, the user may also answer in a form. The question of another task waits until this one has ended.
---@param question spectrum.AskOptions
---@return string? answer without blanks around it; nil if there is no answer
---@return string? message `"cancelled"`, `"timeout"`, or that 16 questions already wait
function session:ask(question) end

---Writes to the user in the chat with the transport itself.
---@param text string not empty; a long text becomes several messages
function session:notify(text) end

---Takes the user's complete list of contacts. Sends `buddy_changed` for each contact that is new or differs from what the session has sent, and `buddy_removed` for each other contact that is known.
---@param contacts spectrum.Buddy[] up to 100,000 contacts
function session:roster(contacts) end

---Starts a task that belongs to the session. With a name, it first ends the session's older task of that name. An error is logged and disconnects the session with `other_error`, unless `on_error` is `"log"`.
---@param name string|spectrum.SpawnOptions a name, or a table of options
---@param fn async fun(...: any): ...: any
---@param ... any arguments for `fn`
---@return spectrum.Task task
---@overload fun(self: spectrum.Session, fn: (async fun(...: any): ...: any), ...: any): spectrum.Task
function session:spawn(name, fn, ...) end

---Calls a function later. The timer belongs to the session. With a name, it replaces the session's older timer of that name.
---@param name string
---@param seconds number a fraction is allowed
---@param fn async fun()
---@return spectrum.Timer timer
---@overload fun(self: spectrum.Session, seconds: number, fn: async fun()): spectrum.Timer
function session:after(name, seconds, fn) end

---Calls a function at a fixed interval. The timer belongs to the session. Runs do not overlap: a run that falls due during another one is skipped.
---@param name string
---@param seconds number at least 0.001
---@param fn async fun()
---@return spectrum.Timer timer
---@overload fun(self: spectrum.Session, seconds: number, fn: async fun()): spectrum.Timer
function session:every(name, seconds, fn) end

---Starts a connection of the session that is made again after each loss, until the logout. With the name of an open connection, gives it other functions.
---@param name string 1 to 1024 bytes
---@param options spectrum.ConnectionOptions
---@return spectrum.Connection connection
function session:connection(name, options) end

---Returns the user's store: values that survive until the next login, in any process. It opens no connection and does not wait. The store still works after the session has ended.
---@param name? string up to 128 bytes (default: `""`)
---@return spectrum.store.Store store
function session:store(name) end

---A function that runs alongside the handlers. It is cancelled when its owner ends.
---@class spectrum.Task
---The task's name, or `""`.
---@field name string
local task = {}

---Waits until the task ends.
---@param timeout? number seconds; the default is no limit
---@return true|nil ok `true`; nil if the task failed, was cancelled, or did not end in time
---@return any ... the results of the task's function, or the error
function task:join(timeout) end

---Cancels the task at the call in which it waits. Does not wait for its end.
function task:cancel() end

---Calls a function later.
---@class spectrum.Timer
local timer = {}

---Stops the timer. A run that has begun continues.
function timer:cancel() end

---Passes values between tasks and handlers, in order.
---@class spectrum.Channel
local channel = {}

---Sends a value. It waits while the channel is full. With a capacity of 0, it waits until another task receives the value.
---@param value any anything but nil
---@param timeout? number seconds; 0 does not wait; the default is no limit
---@return true|nil ok
---@return string? message `"timeout"` or `"the channel is closed"`
function channel:send(value, timeout) end

---Receives the next value. Values sent before `close` still arrive.
---@param timeout? number seconds; 0 does not wait; the default is no limit
---@return any value nil if no value arrived
---@return string? message `"timeout"` or `"the channel is closed"`
function channel:receive(timeout) end

---Closes the channel. Later calls of `send` fail.
function channel:close() end

---Matches answers with the requests that wait for them. It may stay in a data table at a reload.
---@class spectrum.Pending
---The number of open ids.
---@field open integer
local pending = {}

---Opens an id for a request. Without an argument it is a number that this process has not used before. An id of your own is text or a number; it may be opened again after it has ended. If 10,000 ids are open, the oldest one fails.
---@param id? string|number an id of your own; at most 256 bytes
---@return string|number|nil id nil if your own id is already open
---@return string? message
function pending:new(id) end

---Waits for the answer to a request, and closes the id. Without `seconds` it waits until the time of the id is over.
---@param id string|number
---@param seconds? number counted from now; 0 does not wait
---@return any value nil if no answer arrived
---@return string? message `"timeout"`, the text given to `fail`, or that the id is not open
function pending:wait(id, seconds) end

---Passes an answer to the task that waits for it. An answer that arrives before `wait` is kept until the time of the id is over. A number and its text are the same id.
---@param id string|number|nil the id, as the network returned it
---@param value? any anything but nil (default: `true`)
---@return boolean open true if the id was open and had no answer yet
function pending:answer(id, value) end

---Makes all open requests fail, for example when the connection is lost. With an id, makes only this request fail.
---@param why string the message that `wait` returns
---@param id? string|number
---@return integer count how many requests failed
function pending:fail(why, id) end

---The options of `session:connection` and `spectrum.connection`. After nil and a message, `connect` and `login` may return the name of an error. An error such as `"authentication_failed"` is final.
---@class spectrum.ConnectionOptions
---Connects. Returns any object with a method `close` that ends its read, such as the result of `net.connect`.
---@field connect async fun(): conn: any, message: string?, error: spectrum.ConnectionError?
---Logs in. Returns `true`, or nil and a message.
---@field login? async fun(conn: any): ok: any, message: string?, error: spectrum.ConnectionError?
---Handles an item that `read` has returned. An error is logged with the item, and the next item follows.
---@field line async fun(item: any, conn: any, ...: any)
---Returns the next item, or nil and a message at the end. By default it is the next line of a socket, or the next message of a WebSocket.
---@field read? async fun(conn: any): item: any, message: any
---Writes what `send` was called with. By default it calls `write` of a socket, or `send` of a WebSocket.
---@field send? async fun(conn: any, ...: any): ok: any, message: string?
---Is called each time the login has succeeded, before waiting data is sent.
---@field online? async fun(conn: any)
---Is called after each loss and each failed attempt, with the time until the next attempt and the number of failures since the connection was online. May return another number of seconds.
---@field lost? async fun(why: string, seconds: number, failures: integer): seconds: number?
---Is called when there are no more attempts. By default the session sends `disconnected`.
---@field failed? async fun(error: spectrum.ConnectionError, why: string)
---Asks for a sign of life after `ping_after` seconds without an item.
---@field ping? async fun(conn: any)
---The first pause, which doubles after each failure (default: `[lua] login_delay`).
---@field delay? number
---The longest pause (default: `[lua] login_delay_max`).
---@field delay_max? number
---How many times in a row it connects again before it gives up; 0 means no limit (default: 0).
---@field tries? integer
---The time limit for `login`; 0 means no limit (default: 60).
---@field timeout? number
---How many calls of `send` wait while it is not online; 0 lets them fail (default: 100).
---@field queue? integer
---The silence before `ping` is called (default: 60).
---@field ping_after? number
---The time after `ping` in which an item must arrive (default: 30).
---@field ping_timeout? number

---A connection that is made again after each loss. It may stay in a data table at a reload.
---@class spectrum.Connection
---The name.
---@field name string
---`"connecting"`, `"login"`, `"online"`, `"waiting"` for the next attempt, `"closing"` or `"closed"`.
---@field state string
---The object that `connect` returned, or nil.
---@field conn any
local connection = {}

---Writes to the connection. While it is not online, the data waits, up to `queue` calls and 1 MiB.
---@param ... any what the object's `write` takes, or the function `send`
---@return any ok nil if it was not written and does not wait
---@return string? message
function connection:send(...) end

---Closes the object and connects again after the pause. In the state `"waiting"` it connects at once.
---@param why? string the reason for `lost`
---@return true|nil ok nil if it is closed
---@return string? message
function connection:reconnect(why) end

---Ends the connection for good. With `seconds`, it closes only the writing side of a socket, and gives the other side this time to close.
---@param seconds? number (default: 0)
function connection:close(seconds) end

return spectrum

---@meta spectrum

---The module that every script starts with. Reading a name that it does not have is an error.
---@class spectrum
---A table for what belongs to no user. It stays when the script is loaded anew: keep data in it, not functions.
---@field data table
---The transport's JID.
---@field jid string
---The version of spectrum2-lua, as in `"0.1.0"`.
---@field version string
---The module `spectrum.config`.
---@field config spectrum.config
---The module `spectrum.log`.
---@field log spectrum.log
local spectrum = {}

---Sends a message of any type that Spectrum takes. For a type with a user, `fields` names him. `room_list` may leave the user out: then it is for all users.
---@param type spectrum.SentType a message type
---@param fields? table|string the payload's fields; for `raw_xml` a string
---@return true|nil ok `true`; nil if the user is not logged in
---@return string? message that he is not logged in
function spectrum.send(type, fields) end

---The sessions of all users of this process: those whose `on.login` has been called and who have not been logged out. The list has no order.
---@return spectrum.Session[] sessions a list
function spectrum.sessions() end

---The session of one user.
---@param user string his bare JID
---@return spectrum.Session? session nil if he is not logged in
function spectrum.session(user) end

---Tells Spectrum what the transport can do. It is to be called at loading, since it has to arrive before Spectrum lets users in. The keys are Spectrum's own. A typo is an error; a key that resembles none of these is sent with a warning.
---@param sections spectrum.BackendConfigSections
function spectrum.backend_config(sections) end

---Waits. Other handlers and tasks run meanwhile.
---@param seconds number may have a fraction
function spectrum.sleep(seconds) end

---Starts a task that belongs to no user. With a name, an older task of that name ends first.
---@param name string
---@param fn async fun(...: any): ...: any
---@param ... any arguments for `fn`
---@return spectrum.Task task
---@overload fun(fn: (async fun(...: any): ...: any), ...: any): spectrum.Task
function spectrum.spawn(name, fn, ...) end

---Calls a function later, for no user. With a name, it replaces an older timer of that name.
---@param name string
---@param seconds number may have a fraction
---@param fn async fun()
---@return spectrum.Timer timer
---@overload fun(seconds: number, fn: async fun()): spectrum.Timer
function spectrum.after(name, seconds, fn) end

---Calls a function again and again, for no user. While one run lasts, the next does not begin; those that it made late are left out.
---@param name string
---@param seconds number at least 0.001
---@param fn async fun()
---@return spectrum.Timer timer
---@overload fun(seconds: number, fn: async fun()): spectrum.Timer
function spectrum.every(name, seconds, fn) end

---Makes a channel, which passes values from one task or handler to another, in order. With a capacity it keeps that many; without, `send` waits until somebody receives.
---@param capacity? integer 0 to 1048576 (default: 0)
---@return spectrum.Channel channel
function spectrum.channel(capacity) end

---A store of the transport's: values that outlive the process. It opens nothing and does not wait. It is the module `spectrum.store`, called.
---@param name? string up to 128 bytes (default: `""`)
---@return spectrum.store.Store store
function spectrum.store(name) end

---What `spectrum.backend_config` takes.
---@class spectrum.BackendConfigSections
---What the registration form asks for.
---@field registration? spectrum.BackendConfigRegistration
---What the transport can do.
---@field features? spectrum.BackendConfigFeatures

---The section `registration` of `spectrum.backend_config`.
---@class spectrum.BackendConfigRegistration
---The form asks for a password (default: true).
---@field needPassword? boolean
---Users have to register.
---@field needRegistration? boolean
---More fields for the form. Spectrum 2.2 ignores it: neither the form nor LOGIN has them.
---@field extraField? string|string[]

---The section `features` of `spectrum.backend_config`.
---@class spectrum.BackendConfigFeatures
---There are rooms.
---@field muc? boolean
---The script sends `conv_message_ack`.
---@field receipts? boolean
---`on.raw_xml` gets all messages, presences and most IQs, and `on.conv_message`, typing and subjects get nothing. Without it, no IQ reaches a script.
---@field rawxml? boolean
---An `@` in a name is shown as `%` rather than `\40`.
---@field disable_jid_escaping? boolean
---`on.buddies` gets the user's roster after each login.
---@field send_buddies_on_login? boolean

---One user, from his login to his logout. The session object is the first argument of his handlers; it raises when it is used after the session's end. The methods that send messages are in protocol.lua.
---@class spectrum.Session
---His bare JID, as in `"alice@example.net"`.
---@field user string
---His name on the network, as he registered it.
---@field legacy_name string
---What he chose for himself.
---@field settings table<string, string>
---An empty table for the script; gone when the session is.
---@field data table
local session = {}

---Sends `buddy_changed` with what was last sent for that contact, changed by the fields given.
---@param fields spectrum.Buddy
function session:update_buddy(fields) end

---Starts a task of his. With a name, an older task of his of that name ends first.
---@param name string
---@param fn async fun(...: any): ...: any
---@param ... any arguments for `fn`
---@return spectrum.Task task
---@overload fun(self: spectrum.Session, fn: (async fun(...: any): ...: any), ...: any): spectrum.Task
function session:spawn(name, fn, ...) end

---Calls a function later. With a name, it replaces an older timer of his of that name.
---@param name string
---@param seconds number may have a fraction
---@param fn async fun()
---@return spectrum.Timer timer
---@overload fun(self: spectrum.Session, seconds: number, fn: async fun()): spectrum.Timer
function session:after(name, seconds, fn) end

---Calls a function again and again. While one run lasts, the next does not begin; those that it made late are left out.
---@param name string
---@param seconds number at least 0.001
---@param fn async fun()
---@return spectrum.Timer timer
---@overload fun(self: spectrum.Session, seconds: number, fn: async fun()): spectrum.Timer
function session:every(name, seconds, fn) end

---His store: values that are there at his next login, in whatever process. It opens nothing and does not wait, and may be used after the session's end.
---@param name? string up to 128 bytes (default: `""`)
---@return spectrum.store.Store store
function session:store(name) end

---A function that runs beside the handlers. It is cancelled when its owner ends.
---@class spectrum.Task
---Its name, or `""`.
---@field name string
local task = {}

---Waits for the task's end.
---@param timeout? number seconds; without one there is no limit
---@return true|nil ok `true`; nil if it has failed, was cancelled or has not ended in time
---@return any ... what its function returned, or why it has failed
function task:join(timeout) end

---Ends the task where it waits; does not wait for that.
function task:cancel() end

---What calls a function later.
---@class spectrum.Timer
local timer = {}

---No more runs begin; one that has begun goes on.
function timer:cancel() end

---Passes values from one task or handler to another, in order.
---@class spectrum.Channel
local channel = {}

---Sends a value. It waits while the channel is full; without a capacity, until somebody receives.
---@param value any anything but nil
---@param timeout? number seconds; 0 does not wait; without one there is no limit
---@return true|nil ok
---@return string? message `"timeout"` or `"the channel is closed"`
function channel:send(value, timeout) end

---Takes the next value. What was sent before `close` still arrives.
---@param timeout? number seconds; 0 does not wait; without one there is no limit
---@return any value nil if there is none
---@return string? message `"timeout"` or `"the channel is closed"`
function channel:receive(timeout) end

---Nothing more gets in.
function channel:close() end

return spectrum

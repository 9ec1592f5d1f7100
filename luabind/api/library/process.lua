---@meta spectrum.process

---Programs that run beside the script. There is no shell in between.
---@class spectrum.process
local process = {}

---Starts a program: the list part of the table is the command, word by word. A program without a `/` is looked for in `PATH`. With `[lua] sandbox = 1` there is none.
---@param command spectrum.process.StartOptions
---@return spectrum.process.Process? process nil if it cannot be started
---@return string? message why not
function process.start(command) end

---@class spectrum.process.StartOptions
---The program and its arguments.
---@field [integer] string|number
---Where the program runs (default: the backend's working directory).
---@field dir? string
---Variables on top of the backend's own environment; `false` takes one away (default: none).
---@field env? table<string, string|number|false>
---`spectrum` gives the program to the process, a session to that session (default: whose handler or task runs).
---@field owner? spectrum|spectrum.Session

---A program that runs. When its owner ends, it is killed with all that it has started.
---@class spectrum.process.Process
---Its process id.
---@field pid integer
local program = {}

---A line of its output without LF or CRLF.
---@param max? integer the longest line that is taken, in bytes (default: 65,536)
---@return string? line nil at the end
---@return string? message at the end `"the program has closed it"`
function program:read_line(max) end

---What is there of its output, at least a byte.
---@param max? integer at most so many bytes (default: 65,536)
---@return string? data nil at the end
---@return string? message
function program:read_some(max) end

---A line of its error output without LF or CRLF.
---@param max? integer the longest line that is taken, in bytes (default: 65,536)
---@return string? line nil at the end
---@return string? message
function program:read_error_line(max) end

---Writes to its input. Several tasks may: each gets its turn.
---@param ... string|number
---@return true|nil ok nil when it does not read any more
---@return string? message
function program:write(...) end

---The program reads the end of its input.
function program:close_input() end

---Waits for its end.
---@param timeout? number seconds; without one there is no limit
---@return integer? code the exit code; nil when a signal ended it, or the time is up
---@return string? message `"timeout"`, or which signal
function program:wait(timeout) end

---Sends `"TERM"`, `"HUP"`, `"USR1"` … to the program itself.
---@param name string with SIG before it or without
---@return true|nil ok nil when it has ended
---@return string? message
function program:signal(name) end

---Kills the program with all that it has started, and closes the pipes.
function program:close() end

return process

---@meta spectrum.process

---Runs other programs, without a shell.
---@class spectrum.process
local process = {}

---Starts a program. The list part of the table holds the program and its arguments. A program name without a `/` is looked up in `PATH`. With `[lua] sandbox = 1` it always returns nil.
---@param command spectrum.process.StartOptions
---@return spectrum.process.Process? process nil if the program cannot be started
---@return string? message why not
function process.start(command) end

---@class spectrum.process.StartOptions
---The program and its arguments.
---@field [integer] string|number
---The program's working directory (default: the backend's).
---@field dir? string
---Variables to add to the backend's environment; `false` removes a variable (default: none).
---@field env? table<string, string|number|false>
---The owner of the program: `spectrum` for the backend process, or a session (default: the owner of the running handler or task).
---@field owner? spectrum|spectrum.Session

---A running program. When its owner ends, the program and all its child processes are killed.
---@class spectrum.process.Process
---The process id.
---@field pid integer
local program = {}

---Reads a line of the program's output and removes its LF or CRLF.
---@param max? integer the longest line to accept, in bytes (default: 65,536)
---@return string? line nil at the end
---@return string? message `"the program has closed it"` at the end
function program:read_line(max) end

---Reads the output that is available, at least one byte.
---@param max? integer the most bytes to return (default: 65,536)
---@return string? data nil at the end
---@return string? message
function program:read_some(max) end

---Reads a line of the program's error output and removes its LF or CRLF.
---@param max? integer the longest line to accept, in bytes (default: 65,536)
---@return string? line nil at the end
---@return string? message
function program:read_error_line(max) end

---Writes to the program's input. Several tasks may write: the calls run in order.
---@param ... string|number
---@return true|nil ok nil if the program has closed its input
---@return string? message
function program:write(...) end

---Closes the program's input: the program reads its end.
function program:close_input() end

---Waits until the program ends.
---@param timeout? number seconds; the default is no limit
---@return integer? code the exit code; nil if a signal ended the program or the time limit expired
---@return string? message `"timeout"`, or the name of the signal
function program:wait(timeout) end

---Sends a signal to the program, for example `"TERM"`, `"HUP"` or `"USR1"`. Its child processes do not get it.
---@param name string with or without the prefix `SIG`
---@return true|nil ok nil if the program has ended
---@return string? message
function program:signal(name) end

---Kills the program and all its child processes, and closes the pipes.
function program:close() end

return process

---@meta spectrum.websocket

---Connections that carry messages, both ways (RFC 6455). Whatever waits lets other users' handlers run. Times are seconds, sizes are bytes.
---@class spectrum.websocket
local websocket = {}

---Connects to a `ws://` or `wss://` address. Redirects are not followed.
---@param url string
---@param options? spectrum.websocket.Options
---@return spectrum.websocket.Socket? socket
---@return string? message
function websocket.connect(url, options) end

---@class spectrum.websocket.Options
---For all of it: names, proxy, TLS, the handshake; 0 stands for no limit (default: 30).
---@field timeout? number
---Headers for the handshake; a value may be a list (default: none).
---@field headers? table<string, string|number|string[]>
---`{ user =, password = }` or `{ bearer = token }` (default: none).
---@field auth? spectrum.http.Auth
---A list, of which the server may choose one (default: none).
---@field subprotocols? string|string[]
---The longest message that is taken; not more than `[lua] max_string` (default: 16 MiB).
---@field max_message? integer
---Between pings, which find out that the server is gone; 0 for none (default: 30).
---@field ping_interval? number
---As in `net.connect` (default: the host).
---@field server_name? string
---As in `net.connect` (default: the system's).
---@field ca? string
---As in `net.connect` (default: none).
---@field cert? string
---As in `net.connect` (default: none).
---@field key? string
---As in `net.connect` (default: `false`).
---@field insecure? boolean
---As in `net.connect` (default: `[proxy]` of the transport's config).
---@field proxy? string|false
---The socket is closed when its owner ends: `spectrum` or a session (default: whose handler or task runs).
---@field owner? spectrum|spectrum.Session

---A connection. One task may receive while others send.
---@class spectrum.websocket.Socket
---The server's address.
---@field peer string
---The one that the server has chosen, or `""`.
---@field subprotocol string
local socket = {}

---Sends a text, which has to be UTF-8.
---@param text string
---@return true|nil ok
---@return string? message
function socket:send(text) end

---Sends any bytes.
---@param data string
---@return true|nil ok
---@return string? message
function socket:send_binary(data) end

---The next message and its kind, `"text"` or `"binary"`; at the end nil, why, and the code and reason that the server gave.
---@param timeout? number seconds; 0 takes one that is there; without one there is no limit
---@return string? data
---@return string kind `"text"` or `"binary"`; without data, why there is none
---@return integer? code at the end
---@return string? reason at the end
function socket:receive(timeout) end

---Waits for the server's answer.
---@param timeout? number seconds (default: 30)
---@return true|nil ok
---@return string? message
function socket:ping(timeout) end

---Says goodbye, and does not wait for the answer.
---@param code? integer 1000, 1001, or 3000 to 4999 (default: 1000)
---@param reason? string up to 123 bytes
function socket:close(code, reason) end

return websocket

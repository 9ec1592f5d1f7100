---@meta spectrum.websocket

---WebSocket connections (RFC 6455). Other handlers and tasks run while a function waits. Times are in seconds, sizes in bytes.
---@class spectrum.websocket
local websocket = {}

---Connects to a `ws://` or `wss://` address. Redirects are not followed.
---@param url string
---@param options? spectrum.websocket.Options
---@return spectrum.websocket.Socket? socket
---@return string? message
function websocket.connect(url, options) end

---@class spectrum.websocket.Options
---The limit for name lookup, proxy, TLS and handshake together; 0 means no limit (default: 30).
---@field timeout? number
---Headers for the handshake; a value may be a list (default: none).
---@field headers? table<string, string|number|string[]>
---Credentials: `{ user =, password = }` or `{ bearer = token }` (default: none).
---@field auth? spectrum.http.Auth
---The subprotocols to offer: a list or one name (default: none).
---@field subprotocols? string|string[]
---The longest message to accept; at most `[lua] max_string` (default: 16 MiB).
---@field max_message? integer
---The time between pings, which detect a dead connection; 0 sends no pings (default: 30).
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
---The owner of the socket, `spectrum` or a session; the socket is closed when it ends (default: the owner of the running handler or task).
---@field owner? spectrum|spectrum.Session

---A connection. One task may receive while others send.
---@class spectrum.websocket.Socket
---The server's address.
---@field peer string
---The subprotocol that the server has chosen, or `""`.
---@field subprotocol string
local socket = {}

---Sends a text, which must be UTF-8.
---@param text string
---@return true|nil ok
---@return string? message
function socket:send(text) end

---Sends bytes.
---@param data string
---@return true|nil ok
---@return string? message
function socket:send_binary(data) end

---Returns the next message and its kind. At the end it returns nil, an error message, and the server's code and reason.
---@param timeout? number seconds; 0 does not wait; the default is no limit
---@return string? data
---@return string kind `"text"` or `"binary"`; an error message if `data` is nil
---@return integer? code the server's code, at the end
---@return string? reason the server's reason, at the end
function socket:receive(timeout) end

---Sends a ping and waits for the server's answer.
---@param timeout? number seconds (default: 30)
---@return true|nil ok
---@return string? message
function socket:ping(timeout) end

---Sends a close message and closes the connection without waiting for the server's answer.
---@param code? integer 1000, 1001, or 3000 to 4999 (default: 1000)
---@param reason? string up to 123 bytes
function socket:close(code, reason) end

return websocket

---@meta spectrum.http

---HTTP requests, and a server for webhooks. Other handlers and tasks run while a function waits. Times are in seconds, sizes in bytes.
---@class spectrum.http
local http = {}

---Sends a GET request. A status such as 404 or 500 is a response like any other.
---@param url string
---@param options? spectrum.http.Options
---@return spectrum.http.Response|spectrum.http.Stream|nil response a stream with the option `stream`; nil if the request failed
---@return string? message why the request failed
function http.get(url, options) end

---Sends a POST request.
---@param url string
---@param body string|number|nil nil with `form`, `multipart` or `json`
---@param options? spectrum.http.Options
---@return spectrum.http.Response|spectrum.http.Stream|nil response
---@return string? message
function http.post(url, body, options) end

---Sends a request with any method.
---@param options spectrum.http.RequestOptions
---@return spectrum.http.Response|spectrum.http.Stream|nil response
---@return string? message
function http.request(options) end

---Listens, and calls a function for each request in a task of the owner. The function returns a status, and optionally headers and a body. A single string is the body of a 200; no result means 204. If the function raises an error, the client gets a 500.
---@param address string `"host:port"` or `"unix:/path"`; a port alone, `"8080"` or `":8080"`, means `127.0.0.1`
---@param fn async fun(request: spectrum.http.Request): (status: integer|string|nil, headers: table<string, string|string[]>|string|nil, body: string|nil)
---@param options? spectrum.http.ServeOptions
---@return spectrum.http.Server? server
---@return string? message
function http.serve(address, fn, options) end

---A request may have one of body, `form`, `multipart` and `json`.
---@class spectrum.http.Options
---The limit in seconds for connection, redirects and body together; 0 means no limit (default: 30).
---@field timeout? number
---Headers; a value may be a list. The runtime sets `Content-Length` and other framing headers (default: none).
---@field headers? table<string, string|number|string[]>
---Parameters to add to the URL; a value may be a list (default: none).
---@field query? table
---Credentials: `{ user =, password = }` or `{ bearer = token }` (default: none).
---@field auth? spectrum.http.Auth
---A table to send as a form; a value may be a list (default: none).
---@field form? table
---A table to send as multipart/form-data: a list of parts `{ name =, data =, filename =, type = }`, and fields by name (default: none).
---@field multipart? table
---A value to send as JSON, encoded by `spectrum.json` (default: none).
---@field json? any
---The number of redirects to follow; `false` follows none (default: 10).
---@field redirects? integer|false
---The longest body after decompression; at most `[lua] max_string` (default: 16 MiB).
---@field max_size? integer
---Returns a `spectrum.http.Stream` instead of a response (default: `false`).
---@field stream? boolean
---As in `net.connect` (default: `[proxy]` of the transport's config).
---@field proxy? string|false
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
---The owner of the stream: `spectrum` or a session (default: the owner of the running handler or task).
---@field owner? spectrum|spectrum.Session

---@class spectrum.http.RequestOptions: spectrum.http.Options
---The address.
---@field url string
---The method, for example `"PUT"` (default: `GET`, or `POST` with a body).
---@field method? string
---@field body? string|number

---@class spectrum.http.Auth
---@field user? string
---@field password? string
---A token, instead of user and password.
---@field bearer? string

---@class spectrum.http.Response
---The status code, for example 200.
---@field status integer
---The text of the status, for example `"OK"`; may be `""`.
---@field reason string
---Headers by name, in any case; `pairs` gives the names in lower case. The values of a repeated header are joined with `", "`. Only `set-cookie` is always a list, because its values cannot be joined.
---@field headers table<string, string|string[]>
---The whole body.
---@field body string
---The address of the response, after redirects, without user and password.
---@field url string

---A response with a body of any length, which the script reads in pieces. The stream is closed when its owner ends.
---@class spectrum.http.Stream
---The status code, for example 200.
---@field status integer
---The text of the status, for example `"OK"`; may be `""`.
---@field reason string
---Headers, as in a response.
---@field headers table<string, string|string[]>
---The address of the response, after redirects, without user and password.
---@field url string
local stream = {}

---Reads a line and removes its LF or CRLF.
---@param max? integer bytes (default: `max_size`)
---@return string? line nil at the end
---@return string? message
function stream:read_line(max) end

---Reads exactly `n` bytes.
---@param n integer
---@return string? data
---@return string? message
function stream:read(n) end

---Reads the bytes that are available, at least one.
---@param max? integer the most bytes to return (default: 65,536)
---@return string? data
---@return string? message
function stream:read_some(max) end

---Reads up to a delimiter and returns the bytes before it. The delimiter is consumed.
---@param delimiter string
---@param max? integer bytes (default: `max_size`)
---@return string? data
---@return string? message
function stream:read_until(delimiter, max) end

---Reads everything up to the end.
---@param max? integer bytes (default: 16 MiB)
---@return string? data
---@return string? message
function stream:read_all(max) end

---Iterates over the lines, for example of JSON lines.
---@return fun(): string? lines
function stream:lines() end

---Reads the next server-sent event.
---@return spectrum.http.Event? event nil at the end
---@return string? message
function stream:read_event() end

---Iterates over the events.
---@return fun(): spectrum.http.Event? events
function stream:events() end

---Sets the time limit of each later read.
---@param seconds number 0, the default, means no limit
function stream:set_timeout(seconds) end

---Closes the stream.
function stream:close() end

---@class spectrum.http.Event
---The event's name; `"message"` if the server sends no name.
---@field event string
---The event's text.
---@field data string
---The last id that the server has sent.
---@field id? string

---The request that `http.serve` passes to its function.
---@class spectrum.http.Request
---The method, for example `"POST"`.
---@field method string
---The path, with its escapes decoded.
---@field path string
---The parameters by name. Of a repeated parameter it holds the first value.
---@field query table<string, string>
---The query string, not decoded.
---@field raw_query string
---Headers, as in a response.
---@field headers table<string, string|string[]>
---The whole body.
---@field body string
---The client's address; behind a reverse proxy, the proxy's.
---@field peer string

---@class spectrum.http.ServeOptions
---The limit in seconds for the function. When it expires, the function is cancelled and the client gets 503. 0 means no limit (default: 60).
---@field timeout? number
---The longest body of a request; the server rejects a longer one with 413 (default: 1 MiB).
---@field max_body? integer
---The number of requests to handle at the same time. Further ones wait, at most for `timeout` (default: 64).
---@field max_requests? integer
---The certificate for TLS: a file or PEM text (default: none).
---@field cert? string
---The key of the certificate: a file or PEM text (default: none).
---@field key? string
---The owner of the server, `spectrum` or a session; the server ends with it (default: the owner of the running handler or task).
---@field owner? spectrum|spectrum.Session

---@class spectrum.http.Server
---The address on which the server listens.
---@field address string
local server = {}

---Frees the address at once. Requests in progress have five seconds to finish.
function server:close() end

return http

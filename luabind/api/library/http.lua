---@meta spectrum.http

---Requests to others, and a server for webhooks. Whatever waits lets other users' handlers run. Times are seconds, sizes are bytes.
---@class spectrum.http
local http = {}

---Sends a GET request. A status such as 404 or 500 is a response like any other.
---@param url string
---@param options? spectrum.http.Options
---@return spectrum.http.Response|spectrum.http.Stream|nil response a stream with the option `stream`; nil if none has come
---@return string? message what kept it from coming
function http.get(url, options) end

---Sends a POST request.
---@param url string
---@param body string|number|nil nil with `form`, `multipart` or `json`
---@param options? spectrum.http.Options
---@return spectrum.http.Response|spectrum.http.Stream|nil response
---@return string? message
function http.post(url, body, options) end

---Sends a request of any method.
---@param options spectrum.http.RequestOptions
---@return spectrum.http.Response|spectrum.http.Stream|nil response
---@return string? message
function http.request(options) end

---Listens, and calls a function in a task of the owner's for each request. It returns a status, and headers and a body if there are any; a string alone is the body of a 200, nothing at all is 204. An error in it gives the client a 500.
---@param address string `"host:port"` or `"unix:/path"`; a port alone, `"8080"` or `":8080"`, is that of `127.0.0.1`
---@param fn async fun(request: spectrum.http.Request): (status: integer|string|nil, headers: table<string, string|string[]>|string|nil, body: string|nil)
---@param options? spectrum.http.ServeOptions
---@return spectrum.http.Server? server
---@return string? message
function http.serve(address, fn, options) end

---One of body, `form`, `multipart` and `json` can be sent.
---@class spectrum.http.Options
---Seconds for all of it: connection, redirects, body; 0 stands for no limit (default: 30).
---@field timeout? number
---A value may be a list. `Content-Length` and the like are set by themselves (default: none).
---@field headers? table<string, string|number|string[]>
---Added to the URL; a value may be a list (default: none).
---@field query? table
---`{ user =, password = }` or `{ bearer = token }` (default: none).
---@field auth? spectrum.http.Auth
---A table, sent as a form; a value may be a list (default: none).
---@field form? table
---Sent as multipart/form-data: a list of parts `{ name =, data =, filename =, type = }`, and fields by name (default: none).
---@field multipart? table
---A value, sent as JSON by `spectrum.json` (default: none).
---@field json? any
---How many are followed; `false` for none (default: 10).
---@field redirects? integer|false
---Of a body, after decompression; not more than `[lua] max_string` (default: 16 MiB).
---@field max_size? integer
---The response is a `spectrum.http.Stream` (default: `false`).
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
---Whose stream it is: `spectrum` or a session (default: whose handler or task runs).
---@field owner? spectrum|spectrum.Session

---@class spectrum.http.RequestOptions: spectrum.http.Options
---Where to.
---@field url string
---Such as `"PUT"` (default: `GET`, and `POST` if there is a body).
---@field method? string
---@field body? string|number

---@class spectrum.http.Auth
---@field user? string
---@field password? string
---In place of both.
---@field bearer? string

---@class spectrum.http.Response
---Such as 200.
---@field status integer
---Its text, such as `"OK"`, or `""`.
---@field reason string
---By name, in any case; in `pairs` the names are in lower case. A header that came several times is joined by `", "`; `set-cookie`, which cannot be, is always a list.
---@field headers table<string, string|string[]>
---All of it.
---@field body string
---Where the response came from, after redirects, without user and password.
---@field url string

---A response whose body is read in pieces, however long it gets. It is closed with its owner.
---@class spectrum.http.Stream
---Such as 200.
---@field status integer
---Its text, such as `"OK"`, or `""`.
---@field reason string
---As those of a response.
---@field headers table<string, string|string[]>
---Where the response came from, after redirects, without user and password.
---@field url string
local stream = {}

---A line without its LF or CRLF.
---@param max? integer bytes (default: `max_size`)
---@return string? line nil at the end
---@return string? message
function stream:read_line(max) end

---Exactly `n` bytes.
---@param n integer
---@return string? data
---@return string? message
function stream:read(n) end

---What is there, at least a byte.
---@param max? integer at most so many bytes (default: 65,536)
---@return string? data
---@return string? message
function stream:read_some(max) end

---What stands before the delimiter, which is taken too.
---@param delimiter string
---@param max? integer bytes (default: `max_size`)
---@return string? data
---@return string? message
function stream:read_until(delimiter, max) end

---Everything up to the end.
---@param max? integer bytes (default: 16 MiB)
---@return string? data
---@return string? message
function stream:read_all(max) end

---An iterator over the lines, as for JSON lines.
---@return fun(): string? lines
function stream:lines() end

---The next server-sent event.
---@return spectrum.http.Event? event nil at the end
---@return string? message
function stream:read_event() end

---An iterator over the events.
---@return fun(): spectrum.http.Event? events
function stream:events() end

---How long each later read may take.
---@param seconds number 0, the default, stands for no limit
function stream:set_timeout(seconds) end

---Ends it.
function stream:close() end

---@class spectrum.http.Event
---Its name; `"message"` if it has none.
---@field event string
---Its text.
---@field data string
---The last one that came.
---@field id? string

---What `http.serve` calls its function with.
---@class spectrum.http.Request
---@field method string
---With its escapes undone.
---@field path string
---Of a name that comes several times, the first value.
---@field query table<string, string>
---The query as it came.
---@field raw_query string
---As those of a response.
---@field headers table<string, string|string[]>
---All of it.
---@field body string
---The client's address; behind a reverse proxy, the proxy's.
---@field peer string

---@class spectrum.http.ServeOptions
---Seconds that the function may take; then what it waits for is cancelled and the client gets 503. 0 stands for no limit (default: 60).
---@field timeout? number
---Of a request; more is refused with 413 (default: 1 MiB).
---@field max_body? integer
---How many are handled at the same time; others wait for their turn, as long as `timeout` (default: 64).
---@field max_requests? integer
---TLS: a file or PEM text (default: none).
---@field cert? string
---Its key: a file or PEM text (default: none).
---@field key? string
---The server ends with its owner: `spectrum` or a session (default: whose handler or task runs).
---@field owner? spectrum|spectrum.Session

---@class spectrum.http.Server
---Where it listens.
---@field address string
local server = {}

---Frees the address at once; what is being answered has five seconds.
function server:close() end

return http

---@meta spectrum.net

---Connections over TCP, TLS, Unix sockets and UDP, and names. Whatever waits lets other users' handlers run. Times are seconds, sizes are bytes.
---@class spectrum.net
local net = {}

---Connects to `"host:port"`, `"[::1]:port"` or `"unix:/path"`.
---@param address string
---@param options? spectrum.net.ConnectOptions
---@return spectrum.net.Conn? conn nil if it cannot connect
---@return string? message what failed, and where
function net.connect(address, options) end

---Listens on `"host:port"` or `"unix:/path"`; port 0 takes any that is free. A port alone, `"7000"` or `":7000"`, is that of `127.0.0.1`.
---@param address string
---@param options? spectrum.net.ListenOptions
---@return spectrum.net.Listener? listener
---@return string? message
function net.listen(address, options) end

---Opens a UDP socket, on any free port of every interface unless an address is given.
---@param address? string `"host:port"`
---@param options? spectrum.net.UDPOptions
---@return spectrum.net.UDPSocket? socket
---@return string? message
function net.udp(address, options) end

---Looks up the addresses of a name.
---@param name string
---@param options? spectrum.net.LookupOptions
---@return string[]? addresses a list
---@return string? message
function net.resolve(name, options) end

---Looks up the servers of a service, in the order in which to try them (RFC 2782).
---@param service string as in `"xmpp-server"`
---@param proto string `"tcp"` or `"udp"`
---@param name string
---@param options? spectrum.net.LookupOptions
---@return spectrum.net.SRV[]? servers a list
---@return string? message
function net.srv(service, proto, name, options) end

---How the peer's certificate is checked, and ours. A relative file name starts at the config file's folder.
---@class spectrum.net.TLSOptions
---The name that the certificate must be for (default: the host).
---@field server_name? string
---Who may have signed it: a file, or PEM text (default: the system's).
---@field ca? string
---A certificate of our own: a file, or PEM text; it may hold the key too (default: none).
---@field cert? string
---Its key: a file, or PEM text (default: none).
---@field key? string
---`true` takes any certificate: whoever is in between can then read and change everything (default: `false`).
---@field insecure? boolean

---@class spectrum.net.ConnectOptions: spectrum.net.TLSOptions
---Seconds for all of it: names, proxy, TLS; 0 stands for no limit (default: 30).
---@field timeout? number
---TLS from the start (default: `false`).
---@field tls? boolean
---A list of application protocols to offer, or one (default: none).
---@field alpn? string|string[]
---`"socks5://user:password@host:1080"`, `"http://host:3128"`, or `false` for none (default: `[proxy]` of the transport's config).
---@field proxy? string|false
---`spectrum` gives the connection to the process, a session to that session (default: whose handler or task runs).
---@field owner? spectrum|spectrum.Session

---@class spectrum.net.StartTLSOptions: spectrum.net.TLSOptions
---A list of application protocols to offer, or one (default: none).
---@field alpn? string|string[]
---Seconds; 0 stands for no limit (default: that of `set_timeout`, or 30).
---@field timeout? number

---@class spectrum.net.ListenOptions
---`spectrum` gives the listener to the process, a session to that session (default: whose handler or task runs).
---@field owner? spectrum|spectrum.Session

---@class spectrum.net.UDPOptions
---The longest datagram that is taken; who waits for one takes that much memory (default: 65,535).
---@field max? integer
---`spectrum` gives the socket to the process, a session to that session (default: whose handler or task runs).
---@field owner? spectrum|spectrum.Session

---@class spectrum.net.LookupOptions
---Seconds; 0 stands for no limit (default: 10).
---@field timeout? number

---@class spectrum.net.SRV
---A host name.
---@field target string
---@field port integer
---Lower ones come first.
---@field priority integer
---How large its share is among equals.
---@field weight integer

---What can be read from. One task may read at a time.
---@class spectrum.net.Reader
local reader = {}

---A line without its LF or CRLF; what stands behind the last line comes as a line too.
---@param max? integer the longest line that is taken, in bytes (default: 65,536)
---@return string? line nil where there is nothing
---@return string? message `"closed by the peer"`, `"timeout"` …
function reader:read_line(max) end

---Exactly `n` bytes.
---@param n integer
---@return string? data
---@return string? message
function reader:read(n) end

---What is there, at least a byte.
---@param max? integer at most so many bytes (default: 65,536)
---@return string? data
---@return string? message
function reader:read_some(max) end

---What stands before the delimiter, which is taken too.
---@param delimiter string
---@param max? integer bytes (default: 65,536)
---@return string? data
---@return string? message
function reader:read_until(delimiter, max) end

---Everything up to the end of the stream.
---@param max? integer bytes (default: 16 MiB)
---@return string? data
---@return string? message
function reader:read_all(max) end

---A connection. It is closed when its owner ends.
---@class spectrum.net.Conn: spectrum.net.Reader
---The peer's address.
---@field peer string
---The address on this side.
---@field local_address string
---What TLS was agreed on; nil without TLS.
---@field tls? spectrum.net.TLS
local conn = {}

---Writes. Several tasks may: each gets its turn in the order of asking, and what one call writes is not mixed with another's.
---@param ... string|number
---@return true|nil ok `true` when the system has taken all of it
---@return string? message
function conn:write(...) end

---The peer reads the end of the stream; reading goes on.
---@return true|nil ok
---@return string? message
function conn:close_write() end

---Goes on in TLS. If that fails, the connection is closed. Without options, those of `connect` count.
---@param options? spectrum.net.StartTLSOptions
---@return true|nil ok
---@return string? message
function conn:starttls(options) end

---How long each later read may take, and each later write without any progress. Without it a read waits for ever, a write for 60 seconds.
---@param seconds number 0 stands for no limit
function conn:set_timeout(seconds) end

---Closes; who reads or writes gets `nil, message`.
function conn:close() end

---What a connection in TLS was agreed on.
---@class spectrum.net.TLS
---Such as `"TLS 1.3"`.
---@field version string
---The cipher suite's name.
---@field cipher string
---The name that was asked for.
---@field server_name string
---The protocol agreed on, or `""`.
---@field alpn string
---Whether the certificate was verified; with `insecure` it is not.
---@field verified boolean
---The verified chain, from the peer's certificate to the authority's, or what the peer has shown.
---@field chain spectrum.net.Certificate[]

---@class spectrum.net.Certificate
---Whose it is.
---@field subject string
---Who has signed it.
---@field issuer string
---The names that it is for.
---@field names string[]
---Seconds since 1970.
---@field not_before integer
---Seconds since 1970.
---@field not_after integer
---SHA-256, in hex.
---@field fingerprint string
---The certificate itself.
---@field der string

---A listening socket.
---@class spectrum.net.Listener
---Where it listens, as `connect` takes it.
---@field address string
local listener = {}

---The next connection, which belongs to the listener's owner. One task may accept at a time.
---@param timeout? number seconds; 0 takes one that is there; without one there is no limit
---@return spectrum.net.Conn? conn
---@return string? message
function listener:accept(timeout) end

---Closes the listener, not its connections.
function listener:close() end

---A UDP socket.
---@class spectrum.net.UDPSocket
---Where it is bound.
---@field address string
local socket = {}

---Sends one datagram.
---@param address string `"host:port"`
---@param data string
---@return true|nil ok
---@return string? message
function socket:send_to(address, data) end

---The next datagram.
---@param timeout? number seconds; 0 takes one that is there; without one there is no limit
---@return string? data
---@return string? address the sender's; without data, why there is none
function socket:receive(timeout) end

---Closes the socket.
function socket:close() end

return net

---@meta spectrum.net

---Connections over TCP, TLS, Unix sockets and UDP, and name lookups. Other handlers and tasks run while a function waits. Times are in seconds, sizes in bytes.
---@class spectrum.net
local net = {}

---Connects to `"host:port"`, `"[::1]:port"` or `"unix:/path"`.
---@param address string
---@param options? spectrum.net.ConnectOptions
---@return spectrum.net.Conn? conn nil if the connection failed
---@return string? message which step failed, and where
function net.connect(address, options) end

---Listens on `"host:port"` or `"unix:/path"`. Port 0 chooses a free port. A port alone, `"7000"` or `":7000"`, means `127.0.0.1`.
---@param address string
---@param options? spectrum.net.ListenOptions
---@return spectrum.net.Listener? listener
---@return string? message
function net.listen(address, options) end

---Opens a UDP socket. Without an address it uses a free port on every interface.
---@param address? string `"host:port"`
---@param options? spectrum.net.UDPOptions
---@return spectrum.net.UDPSocket? socket
---@return string? message
function net.udp(address, options) end

---Looks up the addresses of a host name.
---@param name string
---@param options? spectrum.net.LookupOptions
---@return string[]? addresses a list
---@return string? message
function net.resolve(name, options) end

---Looks up the servers of a service (RFC 2782). Try them in the order of the list.
---@param service string as in `"xmpp-server"`
---@param proto string `"tcp"` or `"udp"`
---@param name string
---@param options? spectrum.net.LookupOptions
---@return spectrum.net.SRV[]? servers a list
---@return string? message
function net.srv(service, proto, name, options) end

---Options for TLS. A relative file name starts at the config file's folder.
---@class spectrum.net.TLSOptions
---The name that the peer's certificate must have (default: the host).
---@field server_name? string
---The trusted authorities: a file or PEM text (default: the system's).
---@field ca? string
---The client certificate: a file or PEM text, which may contain the key too (default: none).
---@field cert? string
---The key of the client certificate: a file or PEM text (default: none).
---@field key? string
---Accepts any certificate. An attacker on the path can then read and change everything (default: `false`).
---@field insecure? boolean

---@class spectrum.net.ConnectOptions: spectrum.net.TLSOptions
---The limit in seconds for name lookup, proxy and TLS together; 0 means no limit (default: 30).
---@field timeout? number
---Starts TLS at once (default: `false`).
---@field tls? boolean
---The application protocols to offer: a list or one name (default: none).
---@field alpn? string|string[]
---The proxy: `"socks5://user:password@host:1080"`, `"http://host:3128"`, or `false` for no proxy (default: `[proxy]` of the transport's config).
---@field proxy? string|false
---The owner of the connection: `spectrum` for the process, or a session (default: the owner of the running handler or task).
---@field owner? spectrum|spectrum.Session

---@class spectrum.net.StartTLSOptions: spectrum.net.TLSOptions
---The application protocols to offer: a list or one name (default: none).
---@field alpn? string|string[]
---The limit in seconds; 0 means no limit (default: the value of `set_timeout`, or 30).
---@field timeout? number

---@class spectrum.net.ListenOptions
---The owner of the listener: `spectrum` for the process, or a session (default: the owner of the running handler or task).
---@field owner? spectrum|spectrum.Session

---@class spectrum.net.UDPOptions
---The longest datagram to accept. Each waiting `receive` needs that much memory (default: 65,535).
---@field max? integer
---The owner of the socket: `spectrum` for the process, or a session (default: the owner of the running handler or task).
---@field owner? spectrum|spectrum.Session

---@class spectrum.net.LookupOptions
---The limit in seconds; 0 means no limit (default: 10).
---@field timeout? number

---@class spectrum.net.SRV
---A host name.
---@field target string
---@field port integer
---Servers with a lower priority come first.
---@field priority integer
---The server's share among servers of the same priority.
---@field weight integer

---The read methods of a connection. One task may read at a time.
---@class spectrum.net.Reader
local reader = {}

---Reads a line and removes its LF or CRLF. Bytes after the last line end count as a line too.
---@param max? integer the longest line to accept, in bytes (default: 65,536)
---@return string? line nil at the end of the stream or after an error
---@return string? message `"closed by the peer"`, `"timeout"` …
function reader:read_line(max) end

---Reads exactly `n` bytes.
---@param n integer
---@return string? data
---@return string? message
function reader:read(n) end

---Reads the bytes that are available, at least one.
---@param max? integer the most bytes to return (default: 65,536)
---@return string? data
---@return string? message
function reader:read_some(max) end

---Reads up to a delimiter and returns the bytes before it. The delimiter is consumed.
---@param delimiter string
---@param max? integer bytes (default: 65,536)
---@return string? data
---@return string? message
function reader:read_until(delimiter, max) end

---Reads everything up to the end of the stream.
---@param max? integer bytes (default: 16 MiB)
---@return string? data
---@return string? message
function reader:read_all(max) end

---A connection. It is closed when its owner ends.
---@class spectrum.net.Conn: spectrum.net.Reader
---The peer's address.
---@field peer string
---The local address.
---@field local_address string
---The properties of the TLS connection; nil without TLS.
---@field tls? spectrum.net.TLS
local conn = {}

---Writes its arguments. Several tasks may write: the calls run in order, and their bytes do not mix.
---@param ... string|number
---@return true|nil ok `true` when the system has accepted all bytes
---@return string? message
function conn:write(...) end

---Closes the sending direction: the peer reads the end of the stream. Reading still works.
---@return true|nil ok
---@return string? message
function conn:close_write() end

---Switches the connection to TLS. If that fails, the connection is closed. Without options, the options of `connect` apply.
---@param options? spectrum.net.StartTLSOptions
---@return true|nil ok
---@return string? message
function conn:starttls(options) end

---Sets the time limit of each later read, and of each later write that makes no progress. Without it a read waits without limit and a write waits 60 seconds.
---@param seconds number 0 means no limit
function conn:set_timeout(seconds) end

---Closes the connection. A task that reads or writes gets `nil, message`.
function conn:close() end

---The properties of a TLS connection.
---@class spectrum.net.TLS
---The version, for example `"TLS 1.3"`.
---@field version string
---The cipher suite's name.
---@field cipher string
---The server name that the client asked for.
---@field server_name string
---The negotiated application protocol, or `""`.
---@field alpn string
---Whether the certificate was verified; `false` with `insecure`.
---@field verified boolean
---The verified chain, from the peer's certificate to the authority's. Without verification it is the chain that the peer sent.
---@field chain spectrum.net.Certificate[]

---@class spectrum.net.Certificate
---The holder of the certificate.
---@field subject string
---The authority that signed the certificate.
---@field issuer string
---The host names for which the certificate is valid.
---@field names string[]
---The start of the validity, in seconds since 1970.
---@field not_before integer
---The end of the validity, in seconds since 1970.
---@field not_after integer
---The SHA-256 of the certificate, in hex.
---@field fingerprint string
---The encoded certificate.
---@field der string

---A listening socket.
---@class spectrum.net.Listener
---The address on which the listener accepts connections, in the form of `connect`.
---@field address string
local listener = {}

---Returns the next connection. It belongs to the listener's owner. One task may accept at a time.
---@param timeout? number seconds; 0 does not wait; the default is no limit
---@return spectrum.net.Conn? conn
---@return string? message
function listener:accept(timeout) end

---Closes the listener. Its connections stay open.
function listener:close() end

---A UDP socket.
---@class spectrum.net.UDPSocket
---The local address.
---@field address string
local socket = {}

---Sends one datagram.
---@param address string `"host:port"`
---@param data string
---@return true|nil ok
---@return string? message
function socket:send_to(address, data) end

---Returns the next datagram.
---@param timeout? number seconds; 0 does not wait; the default is no limit
---@return string? data
---@return string? address the sender's address; an error message if `data` is nil
function socket:receive(timeout) end

---Closes the socket.
function socket:close() end

return net

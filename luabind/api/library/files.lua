---@meta spectrum.files

---Shares files under addresses that nobody can guess, and downloads the files that users send. Other handlers and tasks run while a function waits. Sizes are in bytes, times in seconds.
---@class spectrum.files
local files = {}

---Shares a file, and returns an attachment for `session:conv_message`. One of `path`, `data` and `fetch` is required.
---@param options spectrum.files.ShareOptions
---@return spectrum.Attachment? attachment with `url`, `name`, `mime_type` and, if they are known, `size`, `width`, `height` and `preview`
---@return string? message why the file cannot be shared, for example because a quota is full
function files.share(options) end

---Begins to download a file that a user has sent. It refuses addresses in private networks, also after a redirect.
---@param file spectrum.Attachment|string an attachment of a message, or an address
---@param options? spectrum.files.FetchOptions
---@return spectrum.files.Download? download
---@return string? message
function files.fetch(file, options) end

---@class spectrum.files.ShareOptions
---A file of this machine, which is copied; a relative name starts at the config file's folder.
---@field path? string
---The content.
---@field data? string
---A function that makes the content. It runs when somebody opens the address, once for all who open it meanwhile. It calls `write(data)` as often as it likes, or returns the content: a string, a stream of `http.get` or a download. `nil, message` means that it has failed.
---@field fetch? async fun(write: async fun(data: string): (true?, string?)): (string|spectrum.http.Stream|spectrum.files.Download|nil), string?
---The name of the file (default: that of `path`, or `"file"`).
---@field name? string
---The MIME type (default: by the name and the content).
---@field mime_type? string
---With `fetch`: the size of the content, if it is known. Players can then jump to a position (default: unknown).
---@field size? integer
---How many seconds the file is kept; at most `[files] expire` (default: `[files] expire`).
---@field expire? number
---With `fetch`: keeps the content until the file expires, so that the function succeeds only once (default: `true`).
---@field cache? boolean
---With `fetch`: how many seconds the function may make no progress (default: 60).
---@field timeout? number
---The user whose quota counts, and with `fetch` the owner of the function: `spectrum` or a session (default: the owner of the running handler or task).
---@field owner? spectrum|spectrum.Session

---@class spectrum.files.FetchOptions
---The greatest size of the file (default: 100 MiB).
---@field max_size? integer
---The limit in seconds for the beginning of the download, and for each read; 0 means no limit (default: 60).
---@field timeout? number
---Allows addresses in private networks and on this machine (default: `false`).
---@field private? boolean
---As in `net.connect` (default: `[proxy]` of the transport's config).
---@field proxy? string|false
---The owner of the download: `spectrum` or a session (default: the owner of the running handler or task).
---@field owner? spectrum|spectrum.Session

---A file that the script reads in pieces. It is closed when its owner ends.
---@class spectrum.files.Download
---The address, after redirects.
---@field url string
---The name, without folders.
---@field name string
---The MIME type, as the sender or the server says.
---@field mime_type string
---The size that the server announces; nil if it does not.
---@field size? integer
local download = {}

---Reads everything up to the end.
---@param max? integer bytes (default: 16 MiB)
---@return string? data
---@return string? message
function download:read_all(max) end

---Reads the bytes that are available, at least one.
---@param max? integer the most bytes to return (default: 65,536)
---@return string? data nil at the end
---@return string? message
function download:read_some(max) end

---Reads exactly `n` bytes.
---@param n integer
---@return string? data
---@return string? message
function download:read(n) end

---Reads a line and removes its LF or CRLF.
---@param max? integer bytes (default: 65,536)
---@return string? line nil at the end
---@return string? message
function download:read_line(max) end

---Reads up to a delimiter and returns the bytes before it. The delimiter is consumed.
---@param delimiter string
---@param max? integer bytes (default: 65,536)
---@return string? data
---@return string? message
function download:read_until(delimiter, max) end

---Sets the time limit of each later read.
---@param seconds number 0 means no limit
function download:set_timeout(seconds) end

---Closes the file.
function download:close() end

return files

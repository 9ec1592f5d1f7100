---@meta spectrum.xml

---Converts XML to small tables and back. It parses whole documents, or stanza by stanza from a connection.
---@class spectrum.xml
local xml = {}

---Parses a document, which must be UTF-8, and returns its tree. It ignores document types and never fetches anything.
---@param text string
---@param options? spectrum.xml.Limits
---@return spectrum.xml.Element? tree
---@return string? message what is wrong, with the line
function xml.parse(text, options) end

---Returns the first match in a tree.
---@param tree spectrum.xml.Element
---@param path string|fun(element: spectrum.xml.Element): boolean? a path, or a function that is called with the tree and with each element in it
---@return spectrum.xml.Element|string|nil match nil if nothing matches
function xml.find(tree, path) end

---Returns all matches in a tree.
---@param tree spectrum.xml.Element
---@param path string|fun(element: spectrum.xml.Element): boolean?
---@return (spectrum.xml.Element|string)[] matches a list
function xml.find_all(tree, path) end

---Returns all text in the tree, or in the first match of the path.
---@param tree spectrum.xml.Element
---@param path? string|fun(element: spectrum.xml.Element): boolean?
---@return string? text nil if nothing matches the path
function xml.text(tree, path) end

---Encodes a tree as XML. It drops characters that XML forbids, and sorts attributes by name. An invalid name raises an error.
---@param tree spectrum.xml.Element
---@return string text
function xml.tostring(tree) end

---Escapes a text for XML that a script builds itself, between tags or within quotation marks.
---@param text string
---@return string text
function xml.escape(text) end

---Reads one long element from a connection, as in XMPP: first the opening tag, then its child elements one by one.
---@param conn spectrum.net.Reader|{ read_some: function } a connection, or a table with a method `read_some`
---@param options? spectrum.xml.Limits for each child element
---@return spectrum.xml.Stream stream
function xml.stream(conn, options) end

---Reads one long element like `stream`, from text that the script feeds.
---@param options? spectrum.xml.Limits for each child element
---@return spectrum.xml.Reader reader
function xml.reader(options) end

---An element. Its list part holds its children.
---@class spectrum.xml.Element
---The name without a prefix.
---@field name string
---The namespace. Without a namespace it is nil, or `""` if the parent has a namespace.
---@field ns? string
---The attributes by name.
---@field attr? table<string, string|number>
---The children: texts are strings, elements are tables.
---@field [integer] string|spectrum.xml.Element

---@class spectrum.xml.Limits
---The most bytes of an element with its content (default: 1048576).
---@field max_size? integer
---The deepest nesting of elements, at most 1000 (default: 100).
---@field max_depth? integer
---The most elements (default: 20000).
---@field max_elements? integer

---One long element, read from a connection.
---@class spectrum.xml.Stream
---The opening tag; nil before it arrives.
---@field root? spectrum.xml.Element
---Whether the closing tag has arrived.
---@field closed boolean
local stream = {}

---Waits for the opening tag.
---@return spectrum.xml.Element? root an element without children
---@return string? message
function stream:open() end

---Waits for the next element.
---@return spectrum.xml.Element? element
---@return string? message why no element arrived
function stream:read() end

---One long element, fed by the script.
---@class spectrum.xml.Reader
---The opening tag; nil before it arrives.
---@field root? spectrum.xml.Element
---Whether the closing tag has arrived.
---@field closed boolean
local reader = {}

---Parses the next piece of the text, which may end anywhere.
---@param text string
---@return spectrum.xml.Element[]? elements the child elements that this piece completes
---@return string? message what is wrong
function reader:feed(text) end

return xml

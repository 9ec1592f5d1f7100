---@meta spectrum.xml

---XML to small tables and back: at once, or stanza by stanza as it comes from a connection.
---@class spectrum.xml
local xml = {}

---The tree of a document. The text has to be UTF-8. Document types are not read, and nothing is ever fetched.
---@param text string
---@param options? spectrum.xml.Limits
---@return spectrum.xml.Element? tree
---@return string? message what is wrong with it, with the line
function xml.parse(text, options) end

---The first match.
---@param tree spectrum.xml.Element
---@param path string|fun(element: spectrum.xml.Element): boolean? a path, or a function that is called with the tree and each element within it
---@return spectrum.xml.Element|string|nil match nil if there is none
function xml.find(tree, path) end

---All matches.
---@param tree spectrum.xml.Element
---@param path string|fun(element: spectrum.xml.Element): boolean?
---@return (spectrum.xml.Element|string)[] matches a list
function xml.find_all(tree, path) end

---All text within the tree, or within what the path finds.
---@param tree spectrum.xml.Element
---@param path? string|fun(element: spectrum.xml.Element): boolean?
---@return string? text nil if the path finds nothing
function xml.text(tree, path) end

---Writes a tree. Characters that XML forbids are left out; a name that is none raises an error. Attributes come sorted by name.
---@param tree spectrum.xml.Element
---@return string text
function xml.tostring(tree) end

---Makes a text fit to stand in XML that a script writes by hand, between tags or within quotation marks.
---@param text string
---@return string text
function xml.escape(text) end

---Reads one long element from a connection, as XMPP has them: first its opening tag, then one by one what stands in it.
---@param conn spectrum.net.Reader|{ read_some: function } a connection, or a table with such a method
---@param options? spectrum.xml.Limits for each element within the stream
---@return spectrum.xml.Stream stream
function xml.stream(conn, options) end

---The same without a connection.
---@param options? spectrum.xml.Limits for each element within the stream
---@return spectrum.xml.Reader reader
function xml.reader(options) end

---An element; its children stand in it as a list.
---@class spectrum.xml.Element
---Its name, without a prefix.
---@field name string
---Its namespace; nil if it has none, `""` if it has none and stands in one that has.
---@field ns? string
---Its attributes, by name.
---@field attr? table<string, string|number>
---Its children: texts are strings, elements are tables.
---@field [integer] string|spectrum.xml.Element

---@class spectrum.xml.Limits
---How many bytes an element may have, with all that stands in it (default: 1048576).
---@field max_size? integer
---How deep elements may stand in each other, at most 1000 (default: 100).
---@field max_depth? integer
---How many elements there may be (default: 20000).
---@field max_elements? integer

---One long element, read from a connection.
---@class spectrum.xml.Stream
---The opening tag, or nil before it has come.
---@field root? spectrum.xml.Element
---Whether the closing tag has come.
---@field closed boolean
local stream = {}

---Waits for the opening tag.
---@return spectrum.xml.Element? root an element without children
---@return string? message
function stream:open() end

---Waits for the next element.
---@return spectrum.xml.Element? element
---@return string? message why there is none
function stream:read() end

---One long element, fed by hand.
---@class spectrum.xml.Reader
---The opening tag, or nil before it has come.
---@field root? spectrum.xml.Element
---Whether the closing tag has come.
---@field closed boolean
local reader = {}

---Takes the next piece of the stream, cut anywhere.
---@param text string
---@return spectrum.xml.Element[]? elements those that have become whole with it
---@return string? message what is wrong
function reader:feed(text) end

return xml

---@meta spectrum.text

---Formatted text, converted between the formats of networks and of XMPP.
---@class spectrum.text
local text = {}

---The format of a text.
---@alias spectrum.text.Format
---| "html" # HTML, as any network writes it
---| "xhtml" # XHTML-IM (XEP-0071), as in the field `xhtml` of a message
---| "markdown" # Markdown (CommonMark with `~~strike~~`, and addresses as links)
---| "styling" # message styling (XEP-0393)
---| "irc" # control codes of IRC
---| "plain" # plain text

---Converts a text of at most 1 MiB. The result is always valid: XHTML and HTML are well-formed and have links to safe addresses only, and plain text never becomes a mark of a format.
---@param s string
---@param from spectrum.text.Format
---@param to spectrum.text.Format
---@return string? converted nil if the text is too long, or is not well-formed XHTML
---@return string? message
function text.convert(s, from, to) end

---Returns the control codes for the style at the end of a text. If you split a text for IRC, the next line must begin with them.
---@param s string a text in the format `"irc"`
---@return string codes
function text.irc_style(s) end

return text

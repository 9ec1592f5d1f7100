// Package scripts embeds the Lua scripts that programs need where no files are
// installed.
package scripts

import _ "embed"

// Echo is the text of echo.lua.
//
//go:embed echo.lua
var Echo string

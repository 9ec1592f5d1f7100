// Package scripts holds the transports that ship. They are Lua; this is for
// programs that need one where no files are installed.
package scripts

import _ "embed"

// Echo is echo.lua.
//
//go:embed echo.lua
var Echo string

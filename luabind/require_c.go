package luabind

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// insteadOfC has the runtime's modules that do the work of well-known modules in C.
// Lua with those modules loads them as shared objects, which a program in Go cannot.
var insteadOfC = map[string]string{
	"socket": "spectrum.net or spectrum.http", "ssl": "spectrum.net", "mime": "spectrum.encoding", "ltn12": "spectrum.http",
	"cqueues": "spectrum.spawn and spectrum.net", "copas": "spectrum.spawn and spectrum.net", "websocket": "spectrum.websocket",
	"cjson": "spectrum.json", "rapidjson": "spectrum.json", "yajl": "spectrum.json",
	"lfs": "spectrum.process or io", "posix": "spectrum.process or os", "system": "spectrum.time",
	"lpeg": "spectrum.regexp or Lua's patterns", "rex_pcre": "spectrum.regexp", "rex_pcre2": "spectrum.regexp", "re": "spectrum.regexp",
	"luasql": "spectrum.sql", "lsqlite3": "spectrum.sql or spectrum.store", "sqlite3": "spectrum.sql or spectrum.store", "pgsql": "spectrum.sql",
	"lxp":     "spectrum.xml",
	"openssl": "spectrum.crypto", "crypto": "spectrum.crypto", "md5": "spectrum.crypto", "sha2": "spectrum.crypto",
	"base64": "spectrum.encoding", "iconv": "spectrum.encoding", "utf8": "spectrum.encoding",
	"luacurl": "spectrum.http", "cURL": "spectrum.http", "curl": "spectrum.http",
}

// insteadOf returns the end of a message about a well-known module in C: which of the
// runtime's modules to use. It returns "" for any other name.
func insteadOf(name string) string {
	root, _, _ := strings.Cut(name, ".")
	if module := insteadOfC[root]; module != "" {
		return fmt.Sprintf("; %s is a module in C elsewhere: here, use %s", root, module)
	}
	return ""
}

// findC returns the file of a module in C that package.path would find if it were in
// Lua, or that LuaRocks has installed beside a folder of [lua] path. It returns "" if no
// such file exists.
func (v *vm) findC(name string) string {
	if strings.ContainsRune(name, filepath.Separator) {
		return ""
	}
	file := strings.ReplaceAll(name, ".", string(filepath.Separator)) + ".so"
	root, _, _ := strings.Cut(file, string(filepath.Separator))
	root = strings.TrimSuffix(root, ".so") + ".so" // one object may hold several modules
	for _, dir := range append([]string{v.host.scriptDir()}, v.host.opts.Settings.Path...) {
		for _, folder := range []string{dir, strings.Replace(dir, "/share/lua/", "/lib/lua/", 1)} {
			for _, found := range []string{filepath.Join(folder, file), filepath.Join(folder, root)} {
				if info, err := os.Stat(found); err == nil && info.Mode().IsRegular() {
					return found
				}
			}
		}
	}
	return ""
}

// Package version returns the version of spectrum2-lua.
package version

import (
	_ "embed"
	"runtime/debug"
	"strings"
	"sync"
)

// Number is the semantic version of the programs. It is the only copy: the man pages, the
// log and `spectrum.version` derive theirs from it. CHANGELOG.md has a section for it.
const Number = "0.1.0"

// archived is the commit of an archive. git archive inserts it (export-subst in
// .gitattributes). In a checkout it is a placeholder.
//
//go:embed archive.txt
var archived string

// commitLength is the number of digits of a commit that are shown. It is the length
// that git log --oneline uses in large repositories.
const commitLength = 12

// Commit returns the abbreviated commit from which the program was built. "-modified"
// follows it if files had been changed. It returns "" if the commit is unknown. It is
// safe for concurrent use.
var Commit = sync.OnceValue(func() string {
	info, _ := debug.ReadBuildInfo()
	return commit(info, archived)
})

func commit(info *debug.BuildInfo, archived string) string {
	revision, modified := "", ""
	if info != nil {
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				revision = s.Value
			case s.Key == "vcs.modified" && s.Value == "true":
				modified = "-modified"
			}
		}
	}
	if text := strings.TrimSpace(archived); revision == "" && !strings.HasPrefix(text, "$") {
		revision, modified = text, ""
	}
	if revision == "" {
		return ""
	}
	return revision[:min(len(revision), commitLength)] + modified
}

// String returns the number and the commit, as in "0.1.0 (29c743b19af5)", or the
// only the number if the commit is unknown.
func String() string {
	if c := Commit(); c != "" {
		return Number + " (" + c + ")"
	}
	return Number
}

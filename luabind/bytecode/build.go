package bytecode

import (
	"debug/elf"
	"errors"
	"fmt"
	"sync"
)

var errNoBuild = errors.New("this program does not know which build it is")

// buildID tells one build of this program from all others: Go's linker has
// written it into the program's file, and it changes with everything that the
// program is made of.
var buildID = sync.OnceValues(func() (string, error) {
	f, err := elf.Open("/proc/self/exe")
	if err != nil {
		return "", fmt.Errorf("%w: %w", errNoBuild, err)
	}
	defer f.Close()
	section := f.Section(".note.go.buildid")
	if section == nil {
		return "", errNoBuild
	}
	note, err := section.Data()
	if err != nil {
		return "", fmt.Errorf("%w: %w", errNoBuild, err)
	}
	return string(note), nil
})

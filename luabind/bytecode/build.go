package bytecode

import (
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"sync"
)

var errNoBuild = errors.New("this program does not know which build it is")

// buildID tells one build of this program from all others: Go's linker has
// written it into the program's file, and it changes with everything that the
// program is made of.
var buildID = sync.OnceValues(func() (string, error) {
	program, err := os.Open("/proc/self/exe")
	if err != nil {
		return "", fmt.Errorf("%w: %w", errNoBuild, err)
	}
	defer program.Close()
	f, err := elf.NewFile(program)
	if err != nil {
		return "", fmt.Errorf("%w: %w", errNoBuild, err)
	}
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

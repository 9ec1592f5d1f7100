package main

import (
	"fmt"
	"os"

	"github.com/mattn/go-isatty"

	"spectrumlua/cmd/spectrum2-lua/devkit/prompt"
	"spectrumlua/runtime/crash"
)

// openPrompt opens a prompt whose history is a file of this name in the user's state folder.
// The caller closes it.
func (t *terminal) openPrompt(o prompt.Options, history string) (*prompt.Prompt, error) {
	var err error
	if o.History, err = prompt.StateFile(history); err != nil {
		return nil, err
	}
	p, warning, err := prompt.Open(o)
	if err != nil {
		return nil, fmt.Errorf("opening the terminal: %w", err)
	}
	crash.OnPanic(func(text string) { // the process may end with it
		_ = p.Release()
		t.note(text)
	})
	if warning != nil {
		p.Print(warning.Error())
	}
	return p, nil
}

// terminalFile returns the stream as a file, or nil if it is not a terminal.
func terminalFile(stream any) *os.File {
	file, ok := stream.(*os.File)
	if !ok || !isatty.IsTerminal(file.Fd()) {
		return nil
	}
	return file
}

package source

import (
	"strings"
	"sync"

	"spectrumlua/runtime/crash"
)

// Ahead compiles what sources require before they come to that, beside what runs
// meanwhile, into a cache. Nil compiles nothing. Any goroutine may use it.
type Ahead struct {
	cache *Cache
	// find reads the file that a module is made of: what its code calls itself,
	// and its text. It is called from any goroutine.
	find func(module string) (name, text string, ok bool)

	work   sync.WaitGroup
	mu     sync.Mutex
	closed bool
	begun  map[string]bool // modules
}

// NewAhead makes one that reads files with find. Close must be called.
func NewAhead(cache *Cache, find func(module string) (name, text string, ok bool)) *Ahead {
	return &Ahead{cache: cache, find: find, begun: map[string]bool{}}
}

// Begin begins to compile what a source requires, and what that requires in
// turn. It does not wait for it. A mistake in one of them is told to whoever
// compiles the same.
func (a *Ahead) Begin(text string) {
	if a == nil {
		return
	}
	for _, module := range required(text) {
		if a.mine(module) {
			go a.compile(module)
		}
	}
}

// Wait waits until all is compiled that was begun.
func (a *Ahead) Wait() { a.work.Wait() }

// Close ends it. It waits for what is being compiled; no more will be.
func (a *Ahead) Close() {
	if a == nil {
		return
	}
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	a.Wait()
}

// mine tells whether a module is the caller's to compile.
func (a *Ahead) mine(module string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed || a.begun[module] {
		return false
	}
	a.begun[module] = true
	a.work.Add(1)
	return true
}

func (a *Ahead) compile(module string) {
	defer crash.Guard()
	defer a.work.Done()
	a.mu.Lock()
	closed := a.closed
	a.mu.Unlock()
	if closed {
		return
	}
	if name, text, ok := a.find(module); ok {
		a.Begin(text)
		_, _ = a.cache.Compile(name, text)
	}
}

// required are the modules that a text requires by a name in quotes. One that
// stands in a comment is among them, and one whose name is put together is not.
func required(text string) []string {
	const word = "require"
	var modules []string
	for {
		at := strings.Index(text, word)
		if at < 0 {
			return modules
		}
		text = text[at+len(word):]
		rest := strings.TrimLeft(text, " \t(")
		if rest == "" || rest[0] != '"' && rest[0] != '\'' {
			continue
		}
		if end := strings.IndexAny(rest[1:], "\"'\\\n"); end >= 0 && rest[1+end] == rest[0] {
			modules = append(modules, rest[1:1+end])
		}
	}
}

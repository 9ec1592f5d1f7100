package source

import (
	"strings"
	"sync"

	"spectrumlua/runtime/crash"
)

// Precompiler compiles the modules that sources require, on other goroutines and before
// the sources run, and stores them in a Cache. A nil Precompiler does nothing. It is
// safe for concurrent use.
type Precompiler struct {
	cache *Cache
	// find reads the file of a module. It returns the file's name for messages and its
	// text. It must be safe for concurrent use.
	find func(module string) (name, text string, ok bool)

	work   sync.WaitGroup
	mu     sync.Mutex
	closed bool
	begun  map[string]bool // modules
}

// NewPrecompiler returns a precompiler that reads files with find. Call Close at the end.
func NewPrecompiler(cache *Cache, find func(module string) (name, text string, ok bool)) *Precompiler {
	return &Precompiler{cache: cache, find: find, begun: map[string]bool{}}
}

// Begin starts to compile the modules that a source requires, and the modules that those
// require. It returns at once. The cache returns an error in a module when the module is
// required.
func (p *Precompiler) Begin(text string) {
	if p == nil {
		return
	}
	for _, module := range required(text) {
		if p.mine(module) {
			go p.compile(module)
		}
	}
}

// Wait waits until all modules are compiled.
func (p *Precompiler) Wait() { p.work.Wait() }

// Close stops the precompiler and waits for the modules that it is compiling.
func (p *Precompiler) Close() {
	if p == nil {
		return
	}
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.Wait()
}

// mine reports whether the caller is the first that wants to compile a module.
func (p *Precompiler) mine(module string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.begun[module] {
		return false
	}
	p.begun[module] = true
	p.work.Add(1)
	return true
}

func (p *Precompiler) compile(module string) {
	defer crash.Guard()
	defer p.work.Done()
	p.mu.Lock()
	closed := p.closed
	p.mu.Unlock()
	if closed {
		return
	}
	if name, text, ok := p.find(module); ok {
		p.Begin(text)
		_, _ = p.cache.Compile(name, text)
	}
}

// required returns the modules that a source requires by a literal name. It also finds
// names in comments. It does not find names that the script computes.
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

package source

import (
	"strings"
	"sync"

	"spectrumlua/runtime/crash"
)

// Precompiler compiles what sources require before they come to that, beside what runs
// meanwhile, into a cache. Nil compiles nothing. Any goroutine may use it.
type Precompiler struct {
	cache *Cache
	// find reads the file that a module is made of: what its code calls itself,
	// and its text. It is called from any goroutine.
	find func(module string) (name, text string, ok bool)

	work   sync.WaitGroup
	mu     sync.Mutex
	closed bool
	begun  map[string]bool // modules
}

// NewPrecompiler makes one that reads files with find. Close must be called.
func NewPrecompiler(cache *Cache, find func(module string) (name, text string, ok bool)) *Precompiler {
	return &Precompiler{cache: cache, find: find, begun: map[string]bool{}}
}

// Begin begins to compile what a source requires, and what that requires in
// turn. It does not wait for it. A mistake in one of them is told to whoever
// compiles the same.
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

// Wait waits until all is compiled that was begun.
func (p *Precompiler) Wait() { p.work.Wait() }

// Close ends it. It waits for what is being compiled; no more will be.
func (p *Precompiler) Close() {
	if p == nil {
		return
	}
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.Wait()
}

// mine tells whether a module is the caller's to compile.
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

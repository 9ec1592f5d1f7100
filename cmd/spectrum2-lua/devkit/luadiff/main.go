// Command luadiff runs random Lua programs in our implementation and in a reference:
// Debian's lua5.1, or luajit if a program uses goto. It reduces the first program of each
// kind of difference and prints it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/luadiff/compare"
	"spectrumlua/cmd/spectrum2-lua/devkit/luadiff/program"
	"spectrumlua/runtime/crash"
)

// Exit codes. 2 is Go's own for wrong arguments.
const (
	exitDifference  = 1
	exitFailed      = 3
	exitNoReference = 4
)

type options struct {
	programs, first uint64
	seed            uint64
	workers         int
	reports         int
	messages        bool
	show, verbose   bool
	tries           int
	slowest         time.Duration
}

func main() {
	var o options
	flag.Uint64Var(&o.programs, "n", 1000, "how many programs to run")
	flag.Uint64Var(&o.first, "first", 0, "the number of the first program")
	flag.Uint64Var(&o.seed, "seed", 0, "the seed; 0: a random one")
	flag.IntVar(&o.workers, "workers", runtime.GOMAXPROCS(0), "how many programs run at the same time")
	flag.IntVar(&o.reports, "reports", 1, "after how many kinds of differences to stop")
	flag.BoolVar(&o.messages, "messages", true, "compare the texts of errors")
	flag.BoolVar(&o.show, "show", false, "show the programs and do not run them")
	flag.BoolVar(&o.verbose, "v", false, "say why the reference refuses programs")
	flag.IntVar(&o.tries, "tries", 2000, "how many smaller programs to try for one difference")
	flag.DurationVar(&o.slowest, "timeout", 10*time.Second, "how long a program may run")
	flag.Parse()
	if o.seed == 0 {
		o.seed = rand.Uint64()>>1 | 1
	}
	crash.OnPanic(func(string) {}) // the program reports it as a difference
	os.Exit(run(context.Background(), o, os.Stdout))
}

func run(ctx context.Context, o options, w io.Writer) int {
	if o.show {
		for i := range o.programs {
			p := program.Generate(o.seed, o.first+i)
			fmt.Fprintf(w, "-- program %d of seed %d: %v\n%s\n", o.first+i, o.seed, p.Features, p.Root.Text())
		}
		return 0
	}
	ours := compare.Ours{Messages: o.messages, Timeout: o.slowest}
	lua := compare.Reference{Command: "lua5.1", Messages: o.messages}
	// luajit's messages are not Lua 5.1's.
	jit := compare.Reference{Command: "luajit"}
	for _, r := range []compare.Reference{lua, jit} {
		if err := r.Installed(); err != nil {
			fmt.Fprintf(w, "lua-diff DID NOT RUN: %v\n", err)
			return exitNoReference
		}
	}
	s := &search{options: o, out: w, kinds: map[string]int{},
		plain: newSuite(ours, lua), withGoto: newSuite(compare.Ours{Timeout: o.slowest}, jit)}
	fmt.Fprintf(w, "lua-diff: %d programs, seed %d\n", o.programs, o.seed)
	begin := time.Now()
	err := s.all(ctx)
	fmt.Fprintf(w, "lua-diff: %d programs in %v, %d with goto, %d that the reference refuses; %d kinds of differences\n",
		s.ran.Load(), time.Since(begin).Round(time.Second), s.jumps.Load(), s.refused.Load(), len(s.kinds))
	switch {
	case err != nil && !errors.Is(err, errEnough):
		fmt.Fprintf(w, "lua-diff: %v\n", err)
		return exitFailed
	case len(s.kinds) > 0:
		for _, kind := range slices.Sorted(s.allKinds()) {
			fmt.Fprintf(w, "%6d  %s\n", s.kinds[kind], kind)
		}
		return exitDifference
	}
	return 0
}

// suite holds the implementations that are compared, and those for reducing a program:
// many smaller programs never end, so these have lower limits.
type suite struct{ full, quick compare.Pair }

func newSuite(ours compare.Ours, theirs compare.Reference) suite {
	quickly, most := ours, theirs
	theirs.Steps = 30_000_000
	quickly.Timeout, most.Steps = time.Second, 200_000
	return suite{compare.Pair{Ours: &ours, Theirs: &theirs}, compare.Pair{Ours: &quickly, Theirs: &most}}
}

// search looks for differences.
type search struct {
	options
	out             io.Writer
	plain, withGoto suite

	next, ran, jumps, refused atomic.Uint64

	mu    sync.Mutex
	kinds map[string]int
}

// errEnough ends a search that has found the requested number of differences.
var errEnough = errors.New("enough differences")

func (s *search) allKinds() func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for k := range s.kinds {
			if !yield(k) {
				return
			}
		}
	}
}

// batch is how many programs one process of the reference runs.
const batch = 100

func (s *search) all(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var workers sync.WaitGroup
	for range s.workers {
		workers.Go(func() {
			for ctx.Err() == nil {
				from := s.next.Add(batch) - batch
				if from >= s.programs {
					return
				}
				if err := s.some(ctx, s.first+from, min(batch, s.programs-from)); err != nil {
					cancel(err)
				}
			}
		})
	}
	workers.Wait()
	return context.Cause(ctx)
}

// some runs n programs.
func (s *search) some(ctx context.Context, from, n uint64) error {
	var plain, jumping []uint64
	for i := from; i < from+n; i++ {
		if program.Generate(s.seed, i).Goto {
			jumping = append(jumping, i)
		} else {
			plain = append(plain, i)
		}
	}
	s.jumps.Add(uint64(len(jumping)))
	if err := s.compare(ctx, s.plain, plain); err != nil {
		return err
	}
	return s.compare(ctx, s.withGoto, jumping)
}

func (s *search) compare(ctx context.Context, in suite, indices []uint64) error {
	if len(indices) == 0 {
		return nil
	}
	roots := make([]*program.Node, len(indices))
	sources := make([]string, len(indices))
	for i, index := range indices {
		roots[i] = program.Generate(s.seed, index).Root
		sources[i] = roots[i].Text()
	}
	differences, refused, err := in.full.Compare(ctx, sources)
	if err != nil {
		return err
	}
	s.ran.Add(uint64(len(indices)))
	s.refused.Add(uint64(len(refused)))
	if len(refused) > 0 && s.verbose {
		fmt.Fprintf(s.out, "-- the reference refuses: %s\n", refused[0])
	}
	for i, d := range differences {
		if d == nil {
			continue
		}
		if err := s.report(ctx, in, indices[i], roots[i], d); err != nil {
			return err
		}
	}
	return nil
}

// report reduces the first program of each kind of difference and writes it.
func (s *search) report(ctx context.Context, in suite, index uint64, root *program.Node, d *compare.Difference) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kinds[d.Kind]++
	if s.kinds[d.Kind] > 1 {
		return nil
	}
	small, err := in.quick.Reduce(ctx, root, d.Kind, s.tries)
	if err != nil {
		return err
	}
	if reduced, _, err := in.full.Compare(ctx, []string{small.Text()}); err == nil && reduced[0] != nil {
		d = reduced[0]
	}
	fmt.Fprintf(s.out, "\n-- DIFFERENCE: %s\n-- luadiff -seed %d -first %d -n 1\n%s\n\n", d, s.seed, index, small.Text())
	if len(s.kinds) >= s.reports {
		return errEnough
	}
	return nil
}

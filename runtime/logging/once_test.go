package logging

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestOnceCallsOncePerKey(t *testing.T) {
	var o Once
	var got []string
	for _, key := range []string{"a", "b", "a", "", "b", ""} {
		o.Do(key, func() { got = append(got, key) })
	}
	if fmt.Sprintf("%q", got) != `["a" "b" ""]` {
		t.Errorf("got %q", got)
	}
}

func TestOnceRemembersLimitedKeys(t *testing.T) {
	o := Once{Keys: 3}
	n := 0
	for i := range 100 {
		o.Do(fmt.Sprint(i), func() { n++ })
	}
	if n != 3 || len(o.last) != 3 {
		t.Errorf("acted on %d keys, remembers %d; want 3", n, len(o.last))
	}
	var unset Once
	for i := range 10_000 {
		unset.Do(fmt.Sprint(i), func() {})
	}
	if len(unset.last) != defaultKeys {
		t.Errorf("remembers %d keys, want %d", len(unset.last), defaultKeys)
	}
}

func TestOnceForgetsKeysAfterEvery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := Once{Keys: 2, Every: time.Minute}
		var got string
		do := func(key string) { o.Do(key, func() { got += key }) }
		do("a")
		do("b")
		do("c") // a and b are still remembered
		time.Sleep(59 * time.Second)
		do("a") // too early
		time.Sleep(time.Second)
		do("a")
		do("c") // b is forgotten
		do("b") // a and c are still remembered
		if got != "abac" {
			t.Errorf("got %q, want %q", got, "abac")
		}
	})
}

func TestOnceIsSafeForConcurrentUse(t *testing.T) {
	var o Once
	var n atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 100 {
				o.Do(fmt.Sprint(i), func() { n.Add(1) })
			}
		})
	}
	wg.Wait()
	if n.Load() != 100 {
		t.Errorf("acted %d times, want 100", n.Load())
	}
}

func TestOnceMayCallItself(t *testing.T) {
	var o Once
	inner := false
	o.Do("a", func() { o.Do("b", func() { inner = true }) })
	if !inner {
		t.Error("the inner key is skipped")
	}
}

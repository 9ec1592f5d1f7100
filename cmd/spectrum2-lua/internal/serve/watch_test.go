package serve

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// TestWatchdogGetsNoSignOfLifeWhileTheScriptLockIsHeld holds what Backend.Probe waits for.
func TestWatchdogGetsNoSignOfLifeWhileTheScriptLockIsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var signs atomic.Int64
		s := &systemd{watchdog: time.Minute, send: func(variables string) {
			if variables == daemon.SdNotifyWatchdog {
				signs.Add(1)
			}
		}}
		lock := make(chan struct{}, 1)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go s.watch(ctx, func() {
			lock <- struct{}{}
			<-lock
		})
		time.Sleep(10 * s.watchdog)
		if n := signs.Load(); n < 20 { // systemd recommends two in each period
			t.Errorf("%d signs of life in 10 periods", n)
		}
		lock <- struct{}{} // the script holds it
		before := signs.Load()
		time.Sleep(10 * s.watchdog)
		if n := signs.Load() - before; n > 1 {
			t.Errorf("%d signs of life while the lock is held", n)
		}
		<-lock
		before = signs.Load()
		time.Sleep(s.watchdog)
		if n := signs.Load() - before; n < 2 {
			t.Errorf("%d signs of life after that", n)
		}
	})
}

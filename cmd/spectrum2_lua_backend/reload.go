package main

import (
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/sirupsen/logrus"

	"spectrumlua/luabind"
	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/watch"
)

// reloader loads the script, at the start, at each SIGHUP and, if it is told
// to, whenever a file of the script's has changed. One load runs at a time.
type reloader struct {
	host    *luabind.Host
	log     logrus.FieldLogger
	hangups chan os.Signal
	changes chan struct{}
	watcher *watch.Watcher // nil: files are not watched
	done    sync.WaitGroup
}

// newReloader loads the script. That it may have failed has been logged, and
// logins are refused with it.
func newReloader(host *luabind.Host, watching bool, log logrus.FieldLogger) *reloader {
	r := &reloader{host: host, log: log, hangups: make(chan os.Signal, 1), changes: make(chan struct{}, 1)}
	signal.Notify(r.hangups, syscall.SIGHUP)
	if watching {
		r.watch()
	}
	r.load()
	r.done.Go(r.run)
	return r
}

func (r *reloader) watch() {
	var err error
	r.watcher, err = watch.New(func() {
		select {
		case r.changes <- struct{}{}:
		default: // a load is to come
		}
	}, func(err error) { r.log.Errorf("watching the script's files: %v", err) })
	if err != nil {
		r.log.Errorf("the script's files cannot be watched ([lua] reload), SIGHUP loads them anew: %v", err)
	}
}

func (r *reloader) load() {
	err := r.host.Load()
	if r.watcher == nil {
		return
	}
	if werr := r.watcher.Watch(r.host.Files(), err != nil); werr != nil {
		r.log.Warnf("the script's files cannot all be watched, SIGHUP loads them anew: %v", werr)
	}
}

func (r *reloader) run() {
	defer crash.Guard()
	for {
		select {
		case _, ok := <-r.hangups:
			if !ok {
				return
			}
			r.log.Info("SIGHUP: loading the script anew")
		case <-r.changes:
		}
		r.load()
	}
}

// close ends the reloading.
func (r *reloader) close() {
	if r.watcher != nil {
		r.watcher.Close()
	}
	signal.Stop(r.hangups)
	close(r.hangups)
	r.done.Wait()
}

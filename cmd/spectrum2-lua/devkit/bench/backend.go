package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/pb"
	"spectrumlua/runtime/wire"
)

// Backend is the program to measure.
type Backend struct {
	// Path is the executable.
	Path string
	// Leading are arguments before those of Spectrum.
	Leading []string
}

// running is a backend that has answered its first PING.
type running struct {
	process *simulator.Process
	conn    net.Conn
	frames  *wire.Reader
	started time.Duration // from exec to the first PONG
	release func() bool
	free    func()
}

// start starts a backend and waits for its first PONG. When ctx is done, it kills the
// process, and reading and writing fail.
func start(ctx context.Context, s *simulator.Spectrum, b Backend, config string) (*running, error) {
	process, conn, err := s.LaunchConn(ctx, b.Path, config, simulator.ProcessOptions{Leading: b.Leading})
	if err != nil {
		return nil, err
	}
	r := &running{process: process, free: func() {}}
	r.use(ctx, conn)
	err = r.ping()
	if err != nil {
		r.kill()
		return nil, err
	}
	r.started = time.Since(process.Started)
	return r, nil
}

// use reads and writes conn until ctx is done.
func (r *running) use(ctx context.Context, conn net.Conn) {
	r.conn, r.frames = conn, wire.NewReader(conn, 0)
	r.release = context.AfterFunc(ctx, func() { _ = conn.Close() })
}

// block makes reading and writing block their thread. Everything that the backend sent must
// have been read.
func (r *running) block(ctx context.Context) error {
	// The answer to a second PING shows that nothing follows the first PONG.
	if err := r.ping(); err != nil {
		return err
	}
	conn, err := newBlocking(r.conn)
	if err != nil {
		return err
	}
	r.release()
	r.free = conn.free
	r.use(ctx, conn)
	return nil
}

// ping sends PING and reads until the PONG.
func (r *running) ping() error {
	if _, err := r.conn.Write(appendFrame(nil, pb.WrapperMessage_TYPE_PING, nil)); err != nil {
		return err
	}
	for {
		frame, err := r.frames.Next()
		if err != nil {
			return fmt.Errorf("waiting for PONG: %w", err)
		}
		typ, _, err := pb.SplitWrapper(frame)
		if err != nil {
			return err
		}
		if typ == pb.WrapperMessage_TYPE_PONG {
			return nil
		}
	}
}

// exit ends the backend as Spectrum does. It returns the time from EXIT to the end of the
// process.
func (r *running) exit(ctx context.Context) (time.Duration, error) {
	defer r.kill()
	begin := time.Now()
	if _, err := r.conn.Write(appendFrame(nil, pb.WrapperMessage_TYPE_EXIT, nil)); err != nil {
		return 0, err
	}
	for {
		if _, err := r.frames.Next(); err != nil {
			break // the exit code reports whether the backend failed
		}
	}
	code, err := r.process.Wait(ctx)
	took := time.Since(begin)
	if err == nil && code != 0 {
		err = fmt.Errorf("the backend ended with exit code %d", code)
	}
	return took, err
}

func (r *running) kill() {
	r.release()
	_ = r.conn.Close()
	r.free()
	r.process.Kill()
}

// explain adds the output of the process to an error.
func (r *running) explain(err error) error {
	if err == nil {
		return nil
	}
	r.kill()
	if output := r.process.Output(); output != "" {
		return fmt.Errorf("%w; the backend says:\n%s", err, output)
	}
	return err
}

// ownCPU returns the processor time that this process has used.
func ownCPU() (time.Duration, error) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0, errors.Join(errors.New("getrusage"), err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), nil
}
